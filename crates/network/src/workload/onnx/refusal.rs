//! Why something of a model is not imported, and what its owner can do.

/// A reason and a way out.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub why: String,
    pub todo: String,
}

/// A refusal as the error of a reader.
pub(super) fn refuse<T>(why: impl Into<String>, todo: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { why: why.into(), todo: todo.into() })
}

/// Sizes or attributes that no valid model has.
impl From<String> for Refusal {
    fn from(why: String) -> Self {
        let todo = "the model contradicts itself: `onnx.checker.check_model(model, \
                    full_check=True)` in Python says more; export it again";
        Self { why, todo: todo.to_owned() }
    }
}

impl From<&str> for Refusal {
    fn from(why: &str) -> Self {
        why.to_owned().into()
    }
}
