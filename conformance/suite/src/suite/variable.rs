//! Variables: named values that the user passes to a suite.

use std::sync::Arc;

use super::Suite;
use super::folder::read_source;
use crate::capture::check_name;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::json::Json;
use crate::members::{Members, flag, json, string};
use crate::source::{Place, Source};
use crate::yaml::{Located, Node, Ordered, Value};

/// A named value that the user passes in.
#[derive(Debug, Clone)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// The value passed in, or else the default.
    pub value: Option<Json>,
    /// The environment variable that holds the value.
    pub env: Option<String>,
    /// Whether reports redact the value.
    pub secret: bool,
    /// Where it is declared.
    pub place: Place,
}

/// A value for a variable.
#[derive(Debug, Clone)]
pub struct Given {
    /// The name.
    pub name: String,
    /// The value.
    pub value: Json,
}

impl Given {
    /// Reads values from a YAML file: a mapping of names to values.
    ///
    /// # Errors
    /// The file cannot be read, or is not a mapping of names to JSON values.
    pub fn read(path: &std::path::Path) -> Result<Vec<Self>, Diagnostics> {
        let source = read_source(path, "variables file")?;
        let values: Ordered<Node> = crate::yaml::read(&source)?;
        (values.0.iter())
            .map(|(name, node)| Ok(Self { name: name.value.clone(), value: json(node, &source)? }))
            .collect()
    }
}

impl Suite {
    /// Sets the value of each variable: from the last entry of `given` with its name, else from the environment, else the
    /// default.
    ///
    /// # Errors
    /// Names that are not variables of the suite, and variables that are left without a value.
    pub fn give(
        &mut self,
        given: &[Given],
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(), Diagnostics> {
        let mut errors = Diagnostics::default();
        for Given { name, .. } in given.iter().filter(|given| self.variable(&given.name).is_none()) {
            let known = self.variables.iter().map(|variable| variable.name.as_str());
            errors.push(Diagnostic::new(format!("the suite has no variable `{name}`")).suggest(name, known));
        }
        for variable in &mut self.variables {
            let value =
                given.iter().rev().find(|given| given.name == variable.name).map(|given| given.value.clone());
            let outside = || variable.env.as_deref().and_then(environment).map(Json::String);
            variable.value = value.or_else(outside).or_else(|| variable.value.take());
            if variable.value.is_none() {
                let message = format!("the variable `{}` has no value", variable.name);
                let also = variable.env.as_ref().map(|env| format!(" or the environment variable {env}"));
                let help = format!("set it with --var {}=…{}", variable.name, also.unwrap_or_default());
                errors.push(Diagnostic::at(variable.place.clone(), message).help(help));
            }
        }
        errors.into_result(())
    }
}

/// Compiles the variables of a manifest.
///
/// # Errors
/// Invalid names and values.
pub(super) fn compile(text: &Ordered<Node>, source: &Arc<Source>) -> Result<Vec<Variable>, Diagnostics> {
    let mut errors = Diagnostics::default();
    let variables = text.0.iter().filter_map(|(name, node)| errors.keep(one(name, node, source))).collect();
    errors.into_result(variables)
}

fn one(name: &Located<String>, node: &Node, source: &Arc<Source>) -> Result<Variable, Diagnostic> {
    let place = name.place(source);
    check_name(&name.value, &place)?;
    let mut variable = Variable { name: name.value.clone(), value: None, env: None, secret: false, place };
    match &node.value {
        Value::Null if node.tag.is_none() => {}
        Value::Mapping(_) => {
            let mut members = Members::of(node, source, "a variable")?;
            variable.value = members.take("default").map(|node| json(node, source)).transpose()?;
            variable.env = members.take("env").map(|node| string(node, source, "`env`")).transpose()?;
            if let Some(secret) = members.take("secret") {
                variable.secret = flag(secret, source)?;
            }
            members.finish()?;
        }
        _ => variable.value = Some(json(node, source)?),
    }
    Ok(variable)
}
