//! Cells of files that people open in a spreadsheet.

/// A cell that a spreadsheet would run as a formula is written as text: a leading quote, as spreadsheets use it.
pub(crate) fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text() {
        assert_eq!(harmless("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(harmless("Mara"), "Mara");
    }
}
