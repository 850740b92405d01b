//! The building blocks every page is made of.
//!
//! Pure functions from small typed contexts to markup: no I/O, no clock, no
//! knowledge of the rest of the program. Nothing here writes a `style`
//! attribute or an inline script, so pages pass `default-src 'self'`.

mod attrs;
mod choices;
mod controls;
mod data;
mod feedback;
mod fields;
mod icon;
mod layout;
mod licenses;
mod plain;
mod shell;
mod table;

pub use attrs::AttrList;
pub use choices::{
    Checkbox, Choice, Fieldset, NameField, RadioChoice, RadioGroup, Select, checkbox, fieldset, name_field,
    radio_group, select,
};
pub use controls::{Button, ButtonKind, ButtonLink, button, button_link, csrf_field};
pub use data::{Change, ChipKind, Mark, avatar, change_table, chip, filter_chip, hue_of, mark};
pub use feedback::{
    Banner, BannerKind, PasswordView, Suggestion, banner, disambiguation, empty_state, password_meter, progress,
    refusal_summary,
};
pub use fields::{Field, FieldKind, Textarea, input, textarea};
pub use icon::{Icon, icon};
pub use layout::{
    Step, Tab, card, card_with, definition_list, disclosure, form_actions, heading, person_heading, section, split,
    steps, tabs, toolbar,
};
pub use licenses::{SeatTile, seat_tiles};
pub use plain::{PlainPage, plain_page};
pub use shell::{AssetUrls, NavGroup, NavItem, Shell, page};
pub use table::{Column, SortState, Table, cursor_pager, data_table, person_cell, row_checkbox, select_all};
