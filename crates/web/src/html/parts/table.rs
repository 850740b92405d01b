//! Tables of many rows, and moving through them.

use maud::{Markup, html};

use super::{Icon, avatar, icon};

/// How a column is sorted now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortState {
    /// Not by this column.
    #[default]
    None,
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// One column of a table.
#[derive(Clone, Debug, Default)]
pub struct Column<'a> {
    /// What it shows; also read before each value on a phone.
    pub label: &'a str,
    /// Where a click on the head goes, and how the column is sorted now.
    pub sort: Option<(&'a str, SortState)>,
    /// Markup instead of the label, e.g. [`select_all`].
    pub head: Option<Markup>,
    /// Class of its cells: `num`, `tight`, `center`, `nowrap`, `actions`.
    pub class: Option<&'a str>,
    /// The label is read aloud but not seen, e.g. over a column of buttons.
    pub quiet: bool,
}

impl<'a> Column<'a> {
    /// A column with a visible label.
    pub fn new(label: &'a str) -> Self {
        Self { label, ..Self::default() }
    }

    /// A column that can be sorted by.
    pub fn sorted(label: &'a str, href: &'a str, state: SortState) -> Self {
        Self { label, sort: Some((href, state)), ..Self::default() }
    }

    /// Gives its cells a class.
    #[must_use]
    pub fn class(mut self, class: &'a str) -> Self {
        self.class = Some(class);
        self
    }

    /// Hides the label from sight.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }
}

/// A table of many rows.
#[derive(Clone, Debug, Default)]
pub struct Table<'a> {
    /// What it lists; read aloud, not seen.
    pub caption: &'a str,
    /// The columns.
    pub columns: &'a [Column<'a>],
    /// The rows, one cell a column.
    pub rows: &'a [Vec<Markup>],
    /// The column that names the row, counted from zero.
    pub row_header: Option<usize>,
    /// Less room around each value, for matrices.
    pub dense: bool,
    /// Keeps its columns on a phone and scrolls sideways, for matrices.
    pub wide: bool,
}

/// Draws a table of many rows in a card of its own.
pub fn data_table(table: &Table) -> Markup {
    html! {
        // The label and the tab stop let a keyboard scroll what is wider than the window.
        div.table-card.scrolls[table.wide] role="region" aria-label=(table.caption) tabindex=[table.wide.then_some("0")] {
            table.data.dense[table.dense].stacks[!table.wide] {
                caption.vh { (table.caption) }
                thead { tr { @for column in table.columns { (head(column)) } } }
                tbody {
                    @for row in table.rows {
                        tr {
                            @for (index, (column, cell)) in table.columns.iter().zip(row).enumerate() {
                                @let label = (!column.quiet && column.head.is_none()).then_some(column.label);
                                @if table.row_header == Some(index) {
                                    th scope="row" class=[column.class] { (cell) }
                                } @else if cell.0.is_empty() {
                                    td.none data-label=[label] class=[column.class] {}
                                } @else {
                                    td data-label=[label] class=[column.class] { (cell) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn head(column: &Column) -> Markup {
    let sort = match column.sort {
        Some((_, SortState::Ascending)) => Some("ascending"),
        Some((_, SortState::Descending)) => Some("descending"),
        Some((_, SortState::None)) => Some("none"),
        None => None,
    };
    html! {
        th scope="col" class=[column.class] aria-sort=[sort] {
            @if let Some(markup) = &column.head { (markup) }
            @else if let Some((href, _)) = column.sort {
                a href=(href) { (column.label) (icon(Icon::Sort)) }
            } @else if column.quiet { span.vh { (column.label) } }
            @else { (column.label) }
        }
    }
}

/// Draws the check box over a column of [`row_checkbox`]es; it is there only with JavaScript.
pub fn select_all(label: &str) -> Markup {
    html! {
        label.cell-check data-select-all-label hidden {
            input type="checkbox" data-select-all;
            span.vh { (label) }
        }
    }
}

/// Draws the check box of a row.
pub fn row_checkbox(name: &str, value: &str, label: &str, checked: bool) -> Markup {
    html! {
        label.cell-check {
            input type="checkbox" name=(name) value=(value) checked[checked] data-select-row;
            span.vh { (label) }
        }
    }
}

/// Draws the cell that names a person: picture, name as a link, and a line under it.
pub fn person_cell(initials: &str, hue: u8, name: &str, href: &str, under: &str) -> Markup {
    html! {
        div.who {
            (avatar(initials, hue))
            div { a href=(href) { (name) } @if !under.is_empty() { span.under { (under) } } }
        }
    }
}

/// Draws the way through a long list; `text` says where one is.
pub fn cursor_pager(first: Option<&str>, next: Option<&str>, text: &str) -> Markup {
    html! {
        nav.pager aria-label="Pages" {
            p { (text) }
            @if first.is_some() || next.is_some() {
                div.cluster {
                    (page_link(first, "first", "First page", Icon::ChevronLeft))
                    (page_link(next, "next", "Next", Icon::ChevronRight))
                }
            }
        }
    }
}

fn page_link(href: Option<&str>, rel: &str, label: &str, drawing: Icon) -> Markup {
    html! {
        @if let Some(href) = href {
            a.button rel=(rel) href=(href) {
                @if rel == "first" { (icon(drawing)) }
                span { (label) }
                @if rel == "next" { (icon(drawing)) }
            }
        }
    }
}
