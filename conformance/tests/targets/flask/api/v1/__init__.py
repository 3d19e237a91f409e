#!/usr/bin/env python3
"""The first version of the API."""
