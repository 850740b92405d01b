//! Every door that takes a person, tried with one, and what each answered.

use std::fmt::Debug;

use muster_app::audit::AuditQuery;
use muster_app::bulk::{FileOptions, Selection};
use muster_app::images::made_up_signature;
use muster_app::{Actor, AppError};
use muster_domain::PersonId;
use muster_domain::bulk::{BulkChange, ChangeSet};
use muster_domain::credentials::ProfessionalLicensePatch;
use muster_domain::emr::{EmrPatch, Permission, SignatureOrigin, UserType};
use muster_domain::people::PersonPatch;
use muster_domain::people::{Change, OffboardingKind};

use crate::world::RunningFacts;

/// A door and its answer: `done`, or the error in full. Whoever may not know of a person learns from none of them whether
/// there is one, so the answers about somebody hidden have to be those about nobody.
pub type Answers = Vec<(&'static str, String)>;

pub fn said<T>(answer: Result<T, AppError>) -> String {
    match answer {
        Ok(_) => "done".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

fn shown<T: Debug>(answer: Result<T, AppError>) -> String {
    match answer {
        Ok(shown) => format!("{shown:?}"),
        Err(error) => format!("{error:?}"),
    }
}

fn phone() -> Change {
    let person = PersonPatch { phone: Some(Some("207 555 0142".into())), ..PersonPatch::default() };
    Change { person, ..Change::default() }
}

/// Doors that look and change nothing.
pub async fn look(world: &RunningFacts, actor: &Actor, id: PersonId, me: PersonId) -> Answers {
    let app = &world.app;
    let plan = app.offboarding_plan(actor, id, OffboardingKind::Leave, None).await;
    let taking_over = app.offboarding_plan(actor, me, OffboardingKind::Leave, Some(id)).await;
    let about = AuditQuery { subject: Some(id.0), limit: 200, ..AuditQuery::default() };
    let records = app.audit_records(actor, &about).await.map(|page| page.records.len());
    let exported = app.export_audit(actor, &about, None).await.map(|piece| piece.csv.len());
    vec![
        ("profile", said(app.person(actor, id).await)),
        ("history", said(app.person_history(actor, id, 5).await)),
        ("records", shown(records)),
        ("records as a file", shown(exported)),
        ("sessions", said(app.sessions(actor, id.0).await)),
        ("licenses", said(app.professional_licenses(actor, id).await)),
        ("supervision", said(app.supervision(actor, id).await)),
        ("picture", said(app.picture(actor, id).await)),
        ("signature", said(app.signature(actor, id).await)),
        ("how they left", said(app.offboardings(actor, id).await)),
        ("what leaving would do", said(plan)),
        ("handing over to them", shown(taking_over.map(|p| p.refused))),
        ("merges", said(app.merges_of(actor, id).await)),
        ("merging into them", said(app.preview_merge(actor, id, me).await)),
        ("merging them", said(app.preview_merge(actor, me, id).await)),
        ("copying to them", said(app.preview_copy(actor, id, &[me]).await)),
        ("copying from them", shown(app.preview_copy(actor, me, &[id]).await.map(|c| c.plan))),
        ("another type", said(app.preview_type_change(actor, id, UserType::SPT).await)),
        ("trying a change", said(app.check_person(actor, Some(id), &phone()).await)),
    ]
}

/// Doors that change.
pub async fn touch(world: &RunningFacts, actor: &Actor, id: PersonId, me: PersonId) -> Answers {
    let app = &world.app;
    let emr = |emr: EmrPatch| Change { emr: Some(emr), ..Change::default() };
    let clinics = emr(EmrPatch { clinics: Some(world.clinics.iter().copied().collect()), ..EmrPatch::default() });
    let license = ProfessionalLicensePatch {
        number: Some(Some("X 1".into())),
        state: Some(Some("ME".into())),
        ..ProfessionalLicensePatch::default()
    };
    let origin = SignatureOrigin::Uploaded;
    vec![
        ("phone", said(app.update_person(actor, id, None, phone()).await)),
        ("phone of a version", said(app.update_person(actor, id, Some(99), phone()).await)),
        ("status", said(app.update_person(actor, id, None, emr(crate::world::status("inactive"))).await)),
        ("clinics", said(app.update_person(actor, id, None, clinics).await)),
        ("sign-in link", said(app.send_sign_in_link(actor, id).await)),
        ("end sessions", said(app.end_sessions(actor, id.0, None).await)),
        ("user type", said(app.change_type(actor, id, None, UserType::SPT).await)),
        ("add a license", said(app.add_professional_license(actor, id, &license, None).await)),
        ("change a license", said(app.change_professional_license(actor, id, 0, &license).await)),
        ("remove a license", said(app.remove_professional_license(actor, id, 1).await)),
        ("no supervisor", said(app.set_supervisor(actor, id, None).await)),
        ("supervised by them", said(app.set_supervisor(actor, me, Some(id)).await)),
        ("set a picture", said(app.set_picture(actor, id, made_up_signature(), true).await)),
        ("remove a picture", said(app.remove_picture(actor, id).await)),
        ("set a signature", said(app.set_signature(actor, id, origin, made_up_signature()).await)),
        ("remove a signature", said(app.remove_signature(actor, id).await)),
        ("leave", said(app.offboard(actor, id, OffboardingKind::Leave, None, false).await)),
        ("merge into them", said(app.merge(actor, id, me).await)),
        ("merge them", said(app.merge(actor, me, id).await)),
        ("copy to them", said(app.copy_access(actor, id, None, &[me]).await)),
        ("copy from them", said(app.copy_access(actor, me, None, &[id]).await)),
        ("not the same person", said(app.mark_distinct(actor, me, id).await)),
        ("not the same person, turned", said(app.mark_distinct(actor, id, me).await)),
    ]
}

/// Doors that take many. `row` says who: nobody's identity, or a user name.
pub async fn in_bulk(world: &RunningFacts, actor: &Actor, id: PersonId, row: (&str, &str)) -> Answers {
    let app = &world.app;
    let changes = ChangeSet::new([BulkChange::AddPermission(Permission::AnalyticsAccess)]).expect("one change");
    let by_id = async {
        let job = app.bulk_update(actor, &Selection::Ids(vec![id]), &changes, None).await?;
        let results = app.bulk_results(actor, job.job.id, false, None, 200).await?;
        let lines: Vec<_> = results.items.into_iter().map(|r| (r.full_name, r.state, r.refused)).collect();
        Ok((job.job.tally.by_code, lines))
    };
    let by_file = async {
        let csv = format!("{},status\n{},inactive\n", row.0, row.1);
        let source = std::io::Cursor::new(csv.into_bytes());
        let (draft, file) = app.draft_bulk_from_file(actor, source, FileOptions::default()).await?;
        let faults: Vec<_> = file.faults.into_iter().map(|f| (f.line, f.code, f.message)).collect();
        Ok((draft.job.selected, faults))
    };
    vec![("in bulk", shown(by_id.await)), ("by file", shown(by_file.await))]
}
