//! A token in a real Chromium: it is entered once, stays out of addresses and scripts, and can be taken back.

use crate::support::browser::{Browser, ENTER};
use crate::support::market::Market;
use crate::support::webdriver::is_here;

const TOKEN: &str = "pomegranate-1234567890";
const FORM: &str = "return document.getElementById('login').checkVisibility()";
const NO_FORM: &str = "return !document.getElementById('login').checkVisibility()";
/// All that a script of the page can read.
const READABLE: &str = "return JSON.stringify([
    document.cookie, location.href, document.documentElement.outerHTML, document.getElementById('token').value,
    localStorage, sessionStorage, performance.getEntries().map((entry) => entry.name), history.state,
])";

fn shown(text: &str) -> bool {
    text.contains("Apples") && text.contains("Cherries")
}

#[test]
fn a_token_is_entered_once_and_is_in_no_address_and_for_no_script() {
    if !is_here("live_web_login::a_token_is_entered_once_and_is_in_no_address_and_for_no_script") {
        return;
    }
    let market = Market::open(&format!("token = \"{TOKEN}\""));
    let browser = Browser::at(&format!("{}#page=fruit", market.url()));
    browser.wait("the form", FORM);
    assert_eq!(browser.text(), "", "nothing is shown before");
    browser.press(&format!("wrong{ENTER}"));
    browser.wait(
        "the refusal",
        "return document.getElementById('refused').textContent.includes('no token of this board')",
    );
    browser.press(&format!("{TOKEN}{ENTER}"));
    browser.sees("the board", shown);
    browser.wait("no form", NO_FORM);
    let readable = browser.run(READABLE, &[]).to_string();
    assert!(readable.contains("Apples") && !readable.contains(TOKEN), "{readable}");
    assert_eq!(browser.run("return document.cookie", &[]), "");
    // Another window, and a link: nobody asks again.
    browser.new_window();
    browser.go(&format!("{}#page=roots", market.url()));
    browser.sees("the page of the link", |text| text.contains("Carrots"));
    browser.click("Leave");
    browser.wait("the form again", FORM);
    browser.go(&market.url());
    browser.wait("the form after that", FORM);
    let other: Vec<_> = browser.complaints().into_iter().filter(|(source, _)| source != "network").collect();
    assert_eq!(other, [], "but for what was refused the browser complains of nothing");
}

#[test]
fn who_sees_what_everybody_may_can_log_in_for_more() {
    if !is_here("live_web_login::who_sees_what_everybody_may_can_log_in_for_more") {
        return;
    }
    let public = "[[audience]]\nname = \"public\"\ndashboards = \"roots\"\n";
    let market = Market::open(&format!("token = \"{TOKEN}\"\n{public}"));
    let browser = Browser::at(&market.url());
    browser.sees("what everybody may", |text| text.contains("Carrots") && !text.contains("Apples"));
    browser.wait("no form", NO_FORM);
    browser.click("Log in");
    browser.wait("the form", FORM);
    browser.press(&format!("{TOKEN}{ENTER}"));
    browser.wait("no form after it", NO_FORM);
    browser.sees("the page that was looked at, with all tabs", |text| {
        text.contains("Carrots") && text.contains("2 roots")
    });
    browser.press("1");
    browser.sees("what the team may", shown);
    browser.click("Leave");
    browser.sees("what everybody may again", |text| text.contains("Carrots") && !text.contains("Apples"));
    assert_eq!(browser.complaints(), []);
}
