#!/usr/bin/env python3
"""The ways to find out who sends a request."""
