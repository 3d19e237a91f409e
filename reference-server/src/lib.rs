//! The Basic and Session authentication API on hyper.
