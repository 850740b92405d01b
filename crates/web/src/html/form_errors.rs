//! Refusals on their way to the fields of a form.

use std::collections::BTreeMap;

use maud::Markup;
use muster_domain::Refusals;
use muster_domain::labels::field_label;
use muster_domain::refusal::bare_field;

use super::parts;

/// The refusals of a form, sorted by field.
#[derive(Clone, Debug, Default)]
pub(crate) struct FormErrors {
    by_field: BTreeMap<&'static str, Vec<String>>,
    in_order: Vec<(Option<&'static str>, String)>,
}

const NONE: &[String] = &[];

impl FormErrors {
    /// Takes refusals apart. A form has the fields of one account and calls them by their bare names.
    pub fn of(refusals: &Refusals) -> Self {
        let mut said = Self::default();
        for refusal in &refusals.0 {
            let field = refusal.field.map(bare_field);
            if let Some(field) = field {
                said.by_field.entry(field).or_default().push(refusal.message.clone());
            }
            said.in_order.push((field, refusal.message.clone()));
        }
        said
    }

    /// What is wrong with a field.
    pub fn at(&self, field: &str) -> &[String] {
        self.by_field.get(field).map_or(NONE, Vec::as_slice)
    }

    /// The box above the form.
    pub fn summary(&self) -> Markup {
        self.summary_of("Nothing was saved yet")
    }

    /// The same for a form that saves nothing; `outcome` is what did not happen.
    pub fn summary_of(&self, outcome: &str) -> Markup {
        let lines: Vec<(Option<&str>, String)> = self
            .in_order
            .iter()
            .map(|(field, message)| {
                let line = field.map_or_else(|| message.clone(), |f| format!("{}: {message}", field_label(f)));
                (*field, line)
            })
            .collect();
        let lines: Vec<(Option<&str>, &str)> = lines.iter().map(|(f, m)| (*f, m.as_str())).collect();
        parts::refusal_summary(outcome, &lines)
    }
}
