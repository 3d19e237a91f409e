#!/usr/bin/env python3
"""The API of the course."""
