//! Replays a specification against any implementation.
