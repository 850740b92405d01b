//! The kit's browser tried on itself. (`browser` in the name of a test binary makes nextest run few
//! of its tests at a time.)

use muster_testkit::browser::Browser;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[tokio::test]
async fn the_browser_reads_a_page_and_fills_its_form() {
    let browser = Browser::start().await;
    browser.visit(&page(FORM)).await;
    browser.see("Ada's practice").await;
    browser.dont_see("hidden words").await;
    assert_eq!(browser.field_error("name").await.as_deref(), Some("Too short."));
    assert_eq!(browser.field_error("born").await, None);

    browser.fill("name", "x").await;
    browser.fill("name", "Zoë \"O'Hara\" 🦉").await;
    browser.fill("born", "1980-02-29").await;
    browser.choose("group", "Two").await;
    browser.tick("days", "mon", true).await;
    browser.tick("days", "tue", false).await;
    browser.tick("kind", "b", true).await;
    assert_eq!(browser.value("name").await, "Zoë \"O'Hara\" 🦉");
    assert_eq!(browser.value("born").await, "1980-02-29");
    assert_eq!(browser.value("group").await, "2");
    assert!(browser.ticked("days", "mon").await);
    assert!(!browser.ticked("days", "tue").await);
    assert!(browser.ticked("kind", "b").await);

    browser.press("Save 'all'").await;
    browser.see("script ran").await;
    browser.close().await;
}

#[tokio::test]
async fn the_browser_without_javascript_runs_no_script() {
    let browser = Browser::options().without_javascript().start().await;
    browser.visit(&page(FORM)).await;
    browser.see("Ada's practice").await;
    browser.fill("name", "Ada").await;
    browser.press("Save 'all'").await;
    browser.see("no script yet").await;
    browser.dont_see("script ran").await;
    assert_eq!(browser.value("name").await, "Ada");
}

#[tokio::test]
async fn the_browser_of_a_phone_is_narrow_and_the_dark_one_is_dark() {
    let browser = Browser::options().phone().dark().start().await;
    browser.visit(&page("<meta name=viewport content='width=device-width'><p>small</p>")).await;
    browser.see("small").await;
    let look = "return [innerWidth, innerHeight, matchMedia('(prefers-color-scheme: dark)').matches]";
    let looked = browser.client().execute(look, Vec::new()).await.unwrap();
    assert_eq!(looked.to_string(), "[390,844,true]");
}

#[tokio::test]
async fn the_browser_checks_accessibility_under_a_strict_policy() {
    let url = serve_strictly(
        "<!doctype html><html lang=en><title>Page</title><main><h1>Page</h1>\
         <img src='/x.png'><a href='/further'>Further</a><script>document.body.textContent = 'inline script ran'</script></main>",
    )
    .await;
    let browser = Browser::start().await;
    browser.visit(&url).await;
    browser.see("Page").await;
    browser.dont_see("inline script ran").await;
    let violations = browser.axe().await;
    assert_eq!(violations.len(), 1, "{violations:#?}");
    assert!(violations[0].starts_with("image-alt (critical): "), "{violations:#?}");
}

#[tokio::test]
async fn the_browser_tells_what_it_saw_instead_and_leaves_a_picture() {
    let browser = Browser::start().await;
    browser.visit(&page("<p>something else</p>")).await;
    let local = tokio::task::LocalSet::new();
    let failed = local
        .run_until(async move { tokio::task::spawn_local(async move { browser.press("Save").await }).await })
        .await;
    let reason = failed.unwrap_err().into_panic().downcast::<String>().unwrap();
    assert!(reason.contains("could not press \"Save\""), "{reason}");
    assert!(reason.contains("something else"), "{reason}");
    let (_, picture) = reason.split_once("(picture: ").unwrap();
    let picture = picture.split_once(')').unwrap().0;
    std::fs::remove_file(picture).unwrap();
}

const FORM: &str = r#"<!doctype html><title>Form</title>
<h1>Ada's   practice</h1><p hidden>hidden words</p>
<form>
<label>Name <input name="name" value="before"></label><p id="name-error">Too short.</p>
<label>Born <input type="date" name="born"></label><p id="born-error"></p>
<select name="group"><option value="1">One</option><option value="2">Two</option></select>
<input type="checkbox" name="days" value="mon"><input type="checkbox" name="days" value="tue" checked>
<input type="radio" name="kind" value="a" checked><input type="radio" name="kind" value="b">
<button type="button" hidden>Save 'all'</button>
<button type="button" id="save">Save 'all'</button>
</form><p id="down">no script yet</p>
<script>document.getElementById('save').onclick = () => { down.textContent = 'script ' + 'ran' }</script>"#;

fn page(html: &str) -> String {
    format!("data:text/html;charset=utf-8,{html}")
}

/// Serves one page with a content security policy that allows nothing inline.
async fn serve_strictly(html: &'static str) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a working kit");
    let url = format!("http://{}/", listener.local_addr().expect("a working kit"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\
                 Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n\
                 Content-Length: {}\r\nConnection: close\r\n\r\n{html}",
                html.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    url
}
