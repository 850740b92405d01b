//! `/api/v1/bulk-updates`: many people in one action. Select, preview, do, watch, undo.

mod file;
mod presets;
mod read;
mod shape;
mod update;

pub(crate) use file::{__path_changes, __path_export, changes, export};
pub(crate) use presets::{
    __path_list_presets, __path_remove_preset, __path_save_preset, list_presets, remove_preset, save_preset,
};
pub(crate) use update::{
    __path_cancel, __path_create, __path_list, __path_preview, __path_results, __path_show, __path_undo,
    __path_undo_preview, cancel, create, list, preview, results, show, undo, undo_preview,
};
