//! Syntax errors: what TOML wants to say, and the mistake that people make there.

use super::diagnostic::{Diagnostic, Place};

/// A diagnostic for what the TOML parser refused at this place.
pub(super) fn explain(place: Place, message: &str) -> Diagnostic {
    Diagnostic::new(place, message, "")
}
