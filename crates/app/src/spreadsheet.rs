//! Cells on their way to and from spreadsheets.

/// A part of a file that is made while it is sent.
#[derive(Clone, Debug)]
pub struct ExportChunk<C> {
    /// Lines of CSV; the first piece begins with the names of the columns.
    pub csv: Vec<u8>,
    /// Where the next piece begins; none after the last one.
    pub next: Option<C>,
}

/// What a spreadsheet takes for the start of a formula.
const STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A cell that a spreadsheet would run as a formula, written as text: with a leading quote, as spreadsheets use it.
pub(crate) fn harmless(cell: &str) -> String {
    if cell.starts_with(STARTS) { format!("'{cell}") } else { cell.to_owned() }
}

/// The cell that [`harmless`] wrote, as it was.
pub(crate) fn plain(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| rest.starts_with(STARTS)).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text_and_come_back() {
        for cell in ["=HYPERLINK(1)", "+1 207 555 0142", "-1", "@x", "Mara", "'quoted'", "O'Brien", ""] {
            assert_eq!(plain(&harmless(cell)), cell);
        }
        assert_eq!(harmless("=1+1"), "'=1+1");
    }
}
