use muster_domain::emr::SignatureOrigin;
use muster_store::images::{self, ImageKind, Picture, Signature};
use muster_testkit::both_engines;
use muster_testkit::databases::{an_organization, later, noon, person_id};

use crate::in_tx;

fn a_picture(kind: &str) -> Picture {
    Picture {
        kind: kind.to_owned(),
        // Every byte there is, a NUL first.
        bytes: (0..=u8::MAX).cycle().take(300_000).collect(),
        sha256: vec![7; 32],
        width: 512,
        set_by: "Ada Minton".to_owned(),
        set_at: noon(),
    }
}

fn a_signature(origin: SignatureOrigin) -> Signature {
    Signature {
        bytes: vec![0, 1, 255],
        sha256: vec![9; 32],
        width: 300,
        height: 80,
        origin,
        set_by: "Ada Minton".to_owned(),
        set_at: later(5),
    }
}

both_engines! {
    async fn a_person_has_one_picture_which_is_replaced_and_removed(db) {
        let organization = an_organization(db).await.id;
        let (mara, other) = (person_id(1), person_id(2));
        let mut reader = db.read().await.unwrap();
        assert_eq!(images::picture(&mut reader, organization, mara).await.unwrap(), None);
        for kind in ["png", "jpeg"] {
            in_tx!(db, |tx| images::set_picture(tx, organization, mara, &a_picture(kind)).await.unwrap());
            assert_eq!(images::picture(&mut reader, organization, mara).await.unwrap(), Some(a_picture(kind)));
        }
        assert_eq!(images::picture(&mut reader, organization, other).await.unwrap(), None);
        let elsewhere = muster_domain::OrganizationId(mara.0);
        assert_eq!(images::picture(&mut reader, elsewhere, mara).await.unwrap(), None, "nothing crosses a practice");
        assert!(!in_tx!(db, |tx| images::remove(tx, elsewhere, mara, ImageKind::Picture).await.unwrap()));
        assert!(in_tx!(db, |tx| images::remove(tx, organization, mara, ImageKind::Picture).await.unwrap()));
        assert!(!in_tx!(db, |tx| images::remove(tx, organization, mara, ImageKind::Picture).await.unwrap()));
        assert_eq!(images::picture(&mut reader, organization, mara).await.unwrap(), None);
    }

    async fn a_person_has_one_signature_which_is_replaced_and_removed(db) {
        let organization = an_organization(db).await.id;
        let mara = person_id(1);
        let mut reader = db.read().await.unwrap();
        assert!(!images::has_signature(&mut reader, organization, mara).await.unwrap());
        for origin in [SignatureOrigin::Drawn, SignatureOrigin::Uploaded] {
            in_tx!(db, |tx| images::set_signature(tx, organization, mara, &a_signature(origin)).await.unwrap());
            assert_eq!(images::signature(&mut reader, organization, mara).await.unwrap(), Some(a_signature(origin)));
        }
        assert!(images::has_signature(&mut reader, organization, mara).await.unwrap());
        assert!(!images::has_signature(&mut reader, organization, person_id(2)).await.unwrap());
        assert!(in_tx!(db, |tx| images::remove(tx, organization, mara, ImageKind::Signature).await.unwrap()));
        assert!(!in_tx!(db, |tx| images::remove(tx, organization, mara, ImageKind::Signature).await.unwrap()));
        assert_eq!(images::signature(&mut reader, organization, mara).await.unwrap(), None);
    }
}
