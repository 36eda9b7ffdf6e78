//! The board in a real Chromium: what it shows, what keys and clicks do, what a link is, and that it comes back.

use crate::support::browser::{Browser, ENTER, ESCAPE, TAB};
use crate::support::market::Market;
use crate::support::webdriver::is_here;

const DESKTOP: (u32, u32) = (1280, 800);
const PHONE: (u32, u32) = (390, 844);

fn fruit(text: &str) -> bool {
    text.contains("Apples") && text.contains("Cherries") && !text.contains("Carrots")
}

fn roots(text: &str) -> bool {
    text.contains("Carrots") && text.contains("Leeks") && !text.contains("Apples")
}

/// Waits until it is told how much there is of something.
#[track_caller]
fn hears(browser: &Browser, title: &str, value: &str) {
    let says = |told: &[String]| told.iter().any(|words| words.starts_with(title) && words.contains(value));
    browser.hears(&format!("{title}: {value}"), says);
}

/// Nothing is wrong with the page itself: no error of its script, nothing that its own policy forbids.
#[track_caller]
fn has_no_complaints(browser: &Browser) {
    assert_eq!(browser.complaints(), [], "the browser complains");
}

#[test]
fn it_shows_the_values_that_status_has() {
    if !is_here("live_web::it_shows_the_values_that_status_has") {
        return;
    }
    let market = Market::open("");
    let (status, browser) = (market.status(), Browser::at(&market.url()));
    let pages = status["dashboards"].as_array().unwrap();
    assert_eq!(pages.len(), 2);
    for (page, key) in pages.iter().zip(["1", "2"]) {
        browser.press(key);
        for panel in page["panels"].as_array().unwrap() {
            let [title, value] = ["title", "text"].map(|of| panel[of].as_str().unwrap());
            assert!(value.contains(|c: char| c.is_ascii_digit()), "{panel}");
            hears(&browser, title, value);
            // What is in large letters on the first page is text only where it is told.
            browser.sees(title, |text| text.contains(title) && (key == "1" || text.contains(value)));
        }
    }
    // The worst of them is in the sentence at the top, and in the title of the window the board's name.
    assert_eq!(status["status"], "warning");
    browser.sees("the sentence", |text| text.contains("Pears"));
    assert_eq!(browser.run("return document.title", &[]), "Market");
    market.has("leeks", "906");
    hears(&browser, "Leeks", "906");
    has_no_complaints(&browser);
}

#[test]
fn keys_and_clicks_change_the_page_and_its_address_and_a_link_is_a_view() {
    if !is_here("live_web::keys_and_clicks_change_the_page_and_its_address_and_a_link_is_a_view") {
        return;
    }
    let market = Market::open("");
    let browser = Browser::at(&market.url());
    browser.sees("the first page", fruit);
    browser.press("2");
    browser.sees("the second page", roots);
    browser.wait("the address of the second page", "return location.hash === '#page=roots'");
    browser.press("?");
    browser.sees("the help", |text| text.contains("freeze the picture"));
    browser.press(ESCAPE);
    browser.sees("the second page again", roots);
    browser.press("1");
    browser.sees("the first page", fruit);
    browser.press(TAB);
    browser.wait("a panel in the address", "return location.hash === '#page=fruit&panel=apples'");
    browser.click("Cherries");
    browser.wait("the panel that was clicked", "return location.hash === '#page=fruit&panel=cherries'");
    browser.press(ENTER);
    let zoomed = |text: &str| text.contains("Cherries") && !text.contains("Plums");
    browser.sees("it alone", zoomed);
    browser.wait("the zoom in the address", "return location.hash === '#page=fruit&panel=cherries&zoom=1'");
    let link = browser.address();
    browser.new_window();
    browser.go(&link);
    browser.sees("the same view", zoomed);
    assert_eq!(browser.address(), link);
    // As a link of a mail has it, and as somebody types it into a window that is open.
    browser.go(&format!("{}?page=roots", market.url()));
    browser.sees("the page of the link", roots);
    browser.run("location.hash = 'page=fruit&panel=plums&zoom=1'", &[]);
    browser.sees("the view that was typed", |text| text.contains("Plums") && !text.contains("Carrots"));
    has_no_complaints(&browser);
}

#[test]
fn without_its_server_it_says_no_signal_and_then_goes_on_where_it_was() {
    if !is_here("live_web::without_its_server_it_says_no_signal_and_then_goes_on_where_it_was") {
        return;
    }
    let mut market = Market::open("");
    let browser = Browser::at(&market.url());
    browser.sees("the first page", fruit);
    browser.press("2");
    browser.sees("the second page", roots);
    market.serving.kill();
    let says = "const it = document.getElementById('signal'); return it.checkVisibility() && it.innerText.includes('NO SIGNAL')";
    browser.wait("no signal", says);
    browser.wait("for how long", "return / for [1-9]/.test(' ' + document.querySelector('#signal span').textContent)");
    assert!(roots(&browser.text()), "over the last picture");
    market.has("leeks", "907");
    market.opens_again();
    hears(&browser, "Leeks", "907");
    browser.sees("the same page", roots);
    browser.wait("a signal", "return !document.getElementById('signal').checkVisibility()");
    market.has("leeks", "908");
    hears(&browser, "Leeks", "908");
    // A server that hangs says nothing of its end.
    market.serving.hang(true);
    browser.wait("no signal of a silent one", says);
    market.serving.hang(false);
    browser.wait("a signal of it", "return !document.getElementById('signal').checkVisibility()");
    let other: Vec<_> = browser.complaints().into_iter().filter(|(source, _)| source != "network").collect();
    assert_eq!(other, [], "but for the server that was not there the browser complains of nothing");
}

#[test]
fn a_phone_has_a_layout_of_its_width() {
    if !is_here("live_web::a_phone_has_a_layout_of_its_width") {
        return;
    }
    let market = Market::open("");
    let browser = Browser::at(&market.url());
    let columns = "return document.getElementById('board').children[0].textContent.length";
    browser.screen(DESKTOP, false);
    browser.sees("the board", fruit);
    browser.wait("the columns of a desktop", &format!("{columns} > 120"));
    browser.screen(PHONE, true);
    browser.wait("the columns of a phone", &format!("{columns} < 60"));
    browser.sees("all of the page", |text| {
        ["Apples", "Pears", "Plums", "Cherries"].iter().all(|title| text.contains(title))
    });
    let fits = "const all = document.scrollingElement;
                return all.scrollWidth <= window.innerWidth && visualViewport.scale === 1 && window.innerWidth === 390";
    browser.wait("nothing beside the window", fits);
    // It is wider where it is turned.
    browser.screen((PHONE.1, PHONE.0), true);
    browser.wait(
        "the columns of a phone on its side",
        &format!("const n = (() => {{ {columns} }})(); return n > 80 && n < 110"),
    );
    has_no_complaints(&browser);
}

#[test]
fn what_is_shown_can_be_selected_and_heard() {
    if !is_here("live_web::what_is_shown_can_be_selected_and_heard") {
        return;
    }
    let market = Market::open("");
    let browser = Browser::at(&market.url());
    browser.sees("the board", fruit);
    let selected = "getSelection().selectAllChildren(document.getElementById('board')); return String(getSelection())";
    let selected = browser.run(selected, &[]);
    assert!(fruit(selected.as_str().unwrap()) && selected.as_str().unwrap().lines().count() > 20, "{selected}");
    let heard = browser.heard();
    let says = |role: &str, words: &str| heard.iter().any(|(is, name)| is == role && name.contains(words));
    for (title, value) in [("Apples", "17"), ("Pears", "42.5"), ("Cherries", "-3")] {
        assert!(says("StaticText", title) && says("StaticText", value), "{title} {value}: {heard:#?}");
    }
    assert!(says("RootWebArea", "Market"), "{heard:#?}");
    let sentence = "const it = document.getElementById('verdict'); return it.role === 'status' || it.getAttribute('role') === 'status' ? it.textContent : ''";
    assert!(browser.run(sentence, &[]).as_str().unwrap().contains("Pears"));
    market.has("pears", "95");
    browser.wait("the next sentence", "return document.getElementById('verdict').textContent.includes('95 kg')");
    has_no_complaints(&browser);
}
