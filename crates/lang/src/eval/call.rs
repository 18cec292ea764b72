//! Function calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowctl_model::{Text, Type, Value};
use flowctl_parser::ast::{Call, Expr, ExprKind, FileId, Span};
use flowctl_parser::diagnostic::Diagnostic;
use flowctl_parser::traversal::{chain, traversals};

use super::Session;
use super::place::{call_start, close, start};
use crate::functions::{self, Function, FunctionError, Services};
use crate::reference::Reference;
use crate::scope::{Resolved, Scope};
use crate::world::World;
use flowctl_parser::nearest;

impl Session<'_> {
    pub(super) fn call(&mut self, expr: &Expr, call: &Call) -> Value {
        let written = &*call.name.text;
        let name = written.strip_prefix("core::").unwrap_or(written);
        let builtin = functions::function(name);
        let Some(function) = builtin.or_else(|| functions::provider::provider_function(written))
        else {
            return self.unknown_function(expr, call);
        };
        match name {
            "try" | "can" if !call.expand_final => return self.attempt(expr, call, name),
            _ => {}
        }
        let before = self.failures;
        if !call.expand_final {
            self.count_fits(expr, call, function, call.args.len());
        }
        let no_template = match call.args.first() {
            Some(template) => name == "templatestring" && !is_reference(template),
            None => false,
        };
        let args = self.arguments(expr, call, function, usize::from(no_template));
        if self.failed_since(before) {
            return Self::dynamic();
        }
        let Some(args) = args else {
            return Self::dynamic();
        };
        if call.expand_final && !self.count_fits(expr, call, function, args.len()) {
            return Self::dynamic();
        }
        if no_template {
            if let ([vars], Some(written)) = (&args[..], call.args.get(1))
                && vars.is_null()
            {
                return self.unfit(
                    expr,
                    function,
                    1,
                    start(written),
                    "argument must not be null",
                );
            }
            // Nothing is looked at while an argument is not known.
            if args.iter().any(|arg| !arg.is_known()) {
                return Self::dynamic();
            }
            return self.error(
                expr,
                call.args.first().map_or(expr.span, start),
                "Invalid function argument",
                "Invalid value for \"template\" parameter: a reference to a value that holds the \
                 template is required. A template that is written out needs no function.",
            );
        }
        let services = Rendering {
            world: self.world,
            in_template: self.in_template,
        };
        match functions::call(function, args, &services) {
            Ok(value) => value,
            Err(FunctionError::Argument(index, message)) => {
                let last = call.args.len().saturating_sub(1);
                let span = match call.args.get(index.min(last)) {
                    // One of those that the last argument stands for.
                    Some(arg) if call.expand_final && index >= last => arg.span,
                    Some(arg) => start(arg),
                    None => call.name.span,
                };
                self.unfit(expr, function, index, span, &message)
            }
            Err(FunctionError::Other(message)) => self.error(
                expr,
                call_start(call),
                "Error in function call",
                format!("Call to function {name:?} failed: {message}."),
            ),
        }
    }

    fn unfit(
        &mut self,
        expr: &Expr,
        function: &Function,
        index: usize,
        span: Span,
        why: &str,
    ) -> Value {
        let parameter = function.param(index).map_or("", |param| param.name);
        self.error(
            expr,
            span,
            "Invalid function argument",
            format!("Invalid value for {parameter:?} parameter: {why}."),
        )
    }

    fn unknown_function(&mut self, expr: &Expr, call: &Call) -> Value {
        // A name that stands for nothing is said before a function that does not exist.
        let start = self.findings.len();
        for arg in &call.args {
            self.eval(arg);
        }
        let found = self.findings.split_off(start);
        self.findings
            .extend(found.into_iter().filter(|finding| finding.fatal));
        let name = &*call.name.text;
        if let Some((_, instead)) = REMOVED.iter().find(|(removed, _)| *removed == name) {
            return self.error(
                expr,
                call_start(call),
                "Error in function call",
                format!("Call to function {name:?} failed: there is no such function any more; use {instead}."),
            );
        }
        let diagnostic = if name.contains("::") {
            Diagnostic::error(
                call.name.span,
                "Unknown provider function",
                format!("There is no function {name:?}; built-in functions are in \"core\"."),
            )
        } else {
            let detail = format!("There is no function named {name:?}.");
            let diagnostic = Diagnostic::error(call.name.span, "Call to unknown function", detail);
            match nearest(name, functions::all().map(|function| function.name)) {
                Some(near) => diagnostic.with_help(format!("Did you mean {near:?}?")),
                None => diagnostic,
            }
        };
        self.push(diagnostic, false);
        Self::dynamic()
    }

    /// The arguments behind the first `skipped`, `None` when a final one to be expanded is not known
    /// yet.
    fn arguments(
        &mut self,
        expr: &Expr,
        call: &Call,
        function: &Function,
        skipped: usize,
    ) -> Option<Vec<Value>> {
        let mut args = Vec::with_capacity(call.args.len());
        for (index, arg) in call.args.iter().enumerate().skip(skipped) {
            let before = self.failures;
            let value = self.eval(arg);
            let expanded = call.expand_final && index + 1 == call.args.len();
            // A template is a string, and nothing that could be made one.
            let template = function.name == "templatestring" && index == 0;
            if template && !matches!(value.ty(), Type::String | Type::Any) {
                self.unfit(expr, function, index, start(arg), "a string is required");
            }
            let converted = match function.param(index) {
                Some(param) if !expanded && !self.failed_since(before) => param.convert(value),
                _ => Ok(value),
            };
            args.push(converted.unwrap_or_else(|error| {
                self.unfit(expr, function, index, start(arg), &error.to_string())
            }));
        }
        if !call.expand_final {
            return Some(args);
        }
        let (last, expr) = args.pop().zip(call.args.last())?;
        let sequence = matches!(last.ty(), Type::List(_) | Type::Set(_) | Type::Tuple(_));
        let mut invalid = |detail: &str| {
            self.error(expr, expr.span, "Invalid expanding argument value", detail);
            None
        };
        match last.elements() {
            Some(elements) => {
                let marks = last.marks();
                args.extend(elements.iter().map(|element| element.clone().marked(marks)));
                Some(args)
            }
            None if last.is_null() => {
                invalid("The expanding argument (indicated by ...) must not be null.")
            }
            None if sequence || last.ty() == Type::Any => None,
            None => invalid(
                "The expanding argument (indicated by ...) must be of a tuple, list, or set type.",
            ),
        }
    }

    fn count_fits(&mut self, expr: &Expr, call: &Call, function: &Function, given: usize) -> bool {
        let wanted = function.params.len();
        let name = function.name;
        if let Some(missing) = function.params.get(given) {
            let least = if function.variadic.is_some() {
                "at least "
            } else {
                ""
            };
            self.error(
                expr,
                close(call.parens),
                "Not enough function arguments",
                format!(
                    "Function {name:?} expects {least}{wanted} argument(s). Missing value for \
                     {:?}.",
                    missing.name
                ),
            );
            return false;
        }
        if given > wanted && function.variadic.is_none() {
            self.error(
                expr,
                call.args.get(wanted).map_or(call.parens, start),
                "Too many function arguments",
                format!("Function {name:?} expects only {wanted} argument(s)."),
            );
            return false;
        }
        true
    }

    /// `try` and `can`, whose arguments may fail.
    fn attempt(&mut self, expr: &Expr, call: &Call, name: &str) -> Value {
        if name == "can" && call.args.len() != 1 {
            if let Some(function) = functions::function(name) {
                self.count_fits(expr, call, function, call.args.len());
            }
            return Self::dynamic();
        }
        let start = self.findings.len();
        let failures = self.failures;
        let mut causes: Vec<String> = Vec::new();
        for arg in &call.args {
            let value = self.eval(arg);
            let failed = self.failed_since(failures);
            let found = self.findings.split_off(start);
            let fatal = found.iter().any(|finding| finding.fatal);
            for finding in found {
                if finding.fatal {
                    self.findings.push(finding);
                } else {
                    causes.push(finding.diagnostic.detail);
                }
            }
            if fatal {
                return Self::dynamic();
            }
            self.failures = failures;
            match (name, failed) {
                ("can", true) => return Value::bool(false),
                ("can", false) if !value.is_wholly_known() => {
                    return Value::unknown_not_null(Type::Bool);
                }
                ("can", false) => return Value::bool(true),
                (_, true) => {}
                // Once it is known it may fail, and then another argument is the result.
                (_, false) if !value.is_wholly_known() => {
                    return Self::dynamic().marked(value.deep_marks());
                }
                (_, false) => return value,
            }
        }
        let detail = if call.args.is_empty() {
            "Call to function \"try\" failed: at least one argument is required.".to_owned()
        } else {
            format!(
                "Call to function \"try\" failed: no expression succeeded. {}",
                causes.join(" ")
            )
        };
        self.error(expr, call_start(call), "Error in function call", detail)
    }
}

/// Functions of old, and what stands in their place.
const REMOVED: &[(&str, &str)] = &[("list", "tolist([ ... ])"), ("map", "tomap({ ... })")];

fn is_reference(expr: &Expr) -> bool {
    matches!(chain(expr).0.kind, ExprKind::Variable(_))
}

/// What the bodies of functions may ask for.
struct Rendering<'a> {
    world: &'a dyn World,
    in_template: bool,
}

/// The names of a template file: only those that were passed.
struct TemplateScope<'a>(&'a BTreeMap<Text, Value>);

impl Scope for TemplateScope<'_> {
    fn resolve(&self, reference: &Reference) -> Result<Resolved, Diagnostic> {
        Err(reference.undeclared(self.0.keys().map(|name| &**name)))
    }
    fn plain_names(&self) -> bool {
        true
    }
}

impl Services for Rendering<'_> {
    fn world(&self) -> &dyn World {
        self.world
    }

    fn render(
        &self,
        source: &str,
        origin: &str,
        variables: &BTreeMap<Text, Value>,
    ) -> Result<Value, FunctionError> {
        if self.in_template {
            return Err(FunctionError::other(
                "a template cannot call another template function",
            ));
        }
        let explain = |diagnostics: &[Diagnostic]| match diagnostics.first() {
            Some(first) => {
                let line = first.span.map_or(1, |span| {
                    let before = source.get(..span.start as usize).unwrap_or(source);
                    before.matches('\n').count() + 1
                });
                let detail = first.detail.trim_end_matches('.');
                format!("{origin}, line {line}: {}: {detail}", first.summary)
            }
            None => origin.to_owned(),
        };
        // No file of the configuration: places in the template are told by line.
        let file = FileId(u32::MAX);
        let expr = flowctl_parser::hcl::parse_template(file, source)
            .map_err(|diagnostics| FunctionError::argument(0, explain(&diagnostics)))?;
        for traversal in traversals(&expr) {
            if let ExprKind::Variable(name) = &chain(traversal).0.kind
                && !variables.contains_key(&**name)
            {
                return Err(FunctionError::argument(
                    1,
                    format!(
                        "vars map does not contain key {:?}, which {origin} refers to",
                        &**name
                    ),
                ));
            }
        }
        let scope = TemplateScope(variables);
        let mut session = Session::new(&scope, self.world);
        session.in_template = true;
        session.bindings = variables
            .iter()
            .map(|(name, value)| (Arc::from(&**name), value.clone()))
            .collect();
        let value = session.eval(&expr);
        let diagnostics = session.into_diagnostics();
        if value.is_null() && diagnostics.is_empty() {
            Err(FunctionError::other(format!(
                "the result of {origin} is null, which a template must not be"
            )))
        } else if diagnostics.is_empty() {
            Ok(value)
        } else {
            Err(FunctionError::other(explain(&diagnostics)))
        }
    }
}
