//! Drawings, made for Muster: lines of 1.5 on a field of 20 by 20.

use maud::{Markup, PreEscaped, html};

/// What a drawing shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each name says what is drawn")]
pub enum Icon {
    Alert,
    Building,
    Check,
    CheckCircle,
    ChevronDown,
    ChevronLeft,
    ChevronRight,
    Circle,
    Clock,
    Close,
    Copy,
    Download,
    Edit,
    Filter,
    History,
    Info,
    Key,
    Lock,
    Mail,
    Menu,
    Person,
    Plus,
    Search,
    Settings,
    Shield,
    SignOut,
    Sort,
    Undo,
    Upload,
    Users,
}

impl Icon {
    /// Every drawing, for a page that shows them.
    pub const ALL: [Self; 30] = [
        Self::Alert,
        Self::Building,
        Self::Check,
        Self::CheckCircle,
        Self::ChevronDown,
        Self::ChevronLeft,
        Self::ChevronRight,
        Self::Circle,
        Self::Clock,
        Self::Close,
        Self::Copy,
        Self::Download,
        Self::Edit,
        Self::Filter,
        Self::History,
        Self::Info,
        Self::Key,
        Self::Lock,
        Self::Mail,
        Self::Menu,
        Self::Person,
        Self::Plus,
        Self::Search,
        Self::Settings,
        Self::Shield,
        Self::SignOut,
        Self::Sort,
        Self::Undo,
        Self::Upload,
        Self::Users,
    ];

    /// The lines, as SVG path data.
    fn lines(self) -> &'static str {
        match self {
            Self::Alert => "M10 3.2 17.6 16.3H2.4ZM10 8.2v3.6M10 14v.1",
            Self::Building => {
                "M4.5 17V4.5a1 1 0 0 1 1-1h6a1 1 0 0 1 1 1V17M12.5 8.5h2a1 1 0 0 1 1 1V17M3 17h14M7.3 7h2.4M7.3 10h2.4M7.3 13h2.4"
            }
            Self::Check => "m4.5 10.6 3.7 3.7 7.3-8.1",
            Self::CheckCircle => "M17 10a7 7 0 1 1-14 0 7 7 0 0 1 14 0ZM6.9 10.3l2.2 2.2 4.1-4.6",
            Self::ChevronDown => "m5.5 8 4.5 4.5L14.5 8",
            Self::ChevronLeft => "M12 5.5 7.5 10l4.5 4.5",
            Self::ChevronRight => "M8 5.5 12.5 10 8 14.5",
            Self::Circle => "M14.5 10a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0Z",
            Self::Clock => "M17 10a7 7 0 1 1-14 0 7 7 0 0 1 14 0ZM10 6v4.2l2.8 1.8",
            Self::Close => "m5.5 5.5 9 9M14.5 5.5l-9 9",
            Self::Copy => "M7.5 7.5h8v9h-8ZM12.5 7.5V4.4a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v7a1 1 0 0 0 1 1h2",
            Self::Download => "M10 3.5v9M6.3 9l3.7 3.7L13.7 9M3.5 16.5h13",
            Self::Edit => "M4 16l.7-3.2 8.6-8.6a1.4 1.4 0 0 1 2 0l.5.5a1.4 1.4 0 0 1 0 2l-8.6 8.6ZM11.8 5.7l2.5 2.5",
            Self::Filter => "M3 5h14M5.8 10h8.4M8.5 15h3",
            Self::History => "M3.6 8.2A6.8 6.8 0 1 1 3.4 12M3.2 4.5v3.9h3.9M10 6.6v3.6l2.5 1.5",
            Self::Info => "M17 10a7 7 0 1 1-14 0 7 7 0 0 1 14 0ZM10 9.2v4.2M10 6.5v.1",
            Self::Key => "M10.5 9.5a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0ZM10.4 10.2 16.8 10.2M16.8 10.2v2.6M13.8 10.2v2",
            Self::Lock => "M5 9h10v7.5H5ZM7 9V6.5a3 3 0 0 1 6 0V9M10 12v1.6",
            Self::Mail => "M3 5h14v10.5H3ZM3.3 5.5 10 11l6.7-5.5",
            Self::Menu => "M3.5 5.5h13M3.5 10h13M3.5 14.5h13",
            Self::Person => "M13 7a3 3 0 1 1-6 0 3 3 0 0 1 6 0ZM4 16.8c.4-3.2 2.8-4.8 6-4.8s5.6 1.6 6 4.8",
            Self::Plus => "M10 4v12M4 10h12",
            Self::Search => "M14 8.7a5.3 5.3 0 1 1-10.6 0 5.3 5.3 0 0 1 10.6 0ZM12.6 12.6l4.2 4.2",
            Self::Settings => {
                "M3 6h6.2M13.8 6H17M13.8 6a2.3 2.3 0 1 1-4.6 0 2.3 2.3 0 0 1 4.6 0ZM3 14h3.2M10.8 14H17M10.8 14a2.3 2.3 0 1 1-4.6 0 2.3 2.3 0 0 1 4.6 0Z"
            }
            Self::Shield => "M10 2.8 16 5v4.6c0 3.6-2.3 6.2-6 7.6-3.7-1.4-6-4-6-7.6V5ZM7.4 9.8l2 2 3.4-3.8",
            Self::SignOut => "M8.5 16.5h-4v-13h4M8 10h8.6M13.4 6.7l3.3 3.3-3.3 3.3",
            Self::Sort => "m6.5 8 3.5-3.5L13.5 8M6.5 12l3.5 3.5 3.5-3.5",
            Self::Undo => "M6.8 4 3.5 7.3l3.3 3.3M3.7 7.3h7.6a4.6 4.6 0 0 1 0 9.2H7",
            Self::Upload => "M10 12.7v-9M6.3 7.2 10 3.5l3.7 3.7M3.5 16.5h13",
            Self::Users => {
                "M10.3 7.2a2.8 2.8 0 1 1-5.6 0 2.8 2.8 0 0 1 5.6 0ZM2.2 16.3c.3-3 2.4-4.5 5.3-4.5s5 1.5 5.3 4.5M12.6 4.6a2.8 2.8 0 0 1 0 5.2M14.6 12.2c1.8.6 3 2 3.2 4.1"
            }
        }
    }
}

/// Draws an icon of the size of the text; it says nothing to a screen reader.
pub fn icon(drawing: Icon) -> Markup {
    html! {
        svg.icon.sort[drawing == Icon::Sort] viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false" {
            path d=(drawing.lines()) {}
        }
    }
}

/// Muster's mark: five people who stand in an M.
pub(super) fn brand_mark() -> Markup {
    html! {
        svg.brand-mark viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false" {
            rect.brand-field width="32" height="32" rx="9" {}
            path.brand-line d="M8 23V10l8 8 8-8v13" {}
            (PreEscaped(r#"<g class="brand-dots"><circle cx="8" cy="23" r="2.6"/><circle cx="8" cy="10" r="2.6"/><circle cx="16" cy="18" r="2.6"/><circle cx="24" cy="10" r="2.6"/><circle cx="24" cy="23" r="2.6"/></g>"#))
        }
    }
}

/// A roll call: rows of people, most of them ticked off.
pub(super) fn person_list() -> Markup {
    const ABSENT: [(i32, i32); 4] = [(4, 0), (1, 2), (5, 2), (3, 3)];
    html! {
        svg.roll-call viewBox="0 0 232 152" width="232" height="152" aria-hidden="true" focusable="false" {
            @for row in 0..4_i32 {
                @for column in 0..6_i32 {
                    @let (x, y) = (column * 40 + 16, row * 40 + 16);
                    g.away[ABSENT.contains(&(column, row))].lit[(column, row) == (2, 1)] {
                        circle cx=(x) cy=(y - 5) r="5" {}
                        path d={ "M" (x - 10) " " (y + 13) "c1-7 5-10 10-10s9 3 10 10z" } {}
                    }
                }
            }
        }
    }
}
