//! Choices against closed forms, exact settlements and searches written anew.
