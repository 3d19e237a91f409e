#!/usr/bin/env python3
"""What the API keeps: users and sessions."""
