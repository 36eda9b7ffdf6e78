//! Pictures of the board that comes with andon, in a real Chromium: `tests/pictures` makes those of docs/ with it.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::prometheus::free_port;
use crate::support::serving::{Serving, wait_for_page};

const SCREENS: [(&str, (u32, u32), bool); 2] = [("desktop", (1280, 800), false), ("phone", (390, 844), true)];

#[test]
#[ignore = "makes pictures for docs/, run by tests/pictures"]
fn pictures_of_the_page() {
    let folder = std::path::PathBuf::from(std::env::var_os("ANDON_PICTURES").expect("ANDON_PICTURES is a folder"));
    let port = free_port();
    let board = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/dashboards.toml")).unwrap();
    let _serving = Serving::with(&format!("{board}\n[web]\nlisten = \"127.0.0.1:{port}\"\n"));
    wait_for_page(port);
    let browser = Browser::at(&format!("http://127.0.0.1:{port}/"));
    for (name, size, is_phone) in SCREENS {
        for scheme in ["dark", "light"] {
            browser.screen(size, is_phone);
            browser.scheme(scheme);
            browser.go(&format!("http://127.0.0.1:{port}/"));
            browser.sees("values", |text| text.contains("Orders") && text.contains("EUR"));
            browser.wait("enough for graphs", "return performance.now() > 8000");
            let picture = browser.devtools("Page.captureScreenshot", &json!({ "format": "png" }));
            let bytes = decoded(picture["data"].as_str().unwrap());
            assert!(bytes.starts_with(b"\x89PNG"));
            std::fs::write(folder.join(format!("web-{name}-{scheme}.png")), bytes).unwrap();
        }
    }
}

/// Source: RFC 4648, section 4 (base64).
fn decoded(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits: Vec<u32> = text.chars().filter_map(|c| ALPHABET.find(c)).map(|n| n as u32).collect();
    let bytes = |group: &[u32]| {
        let whole = (0..4).fold(0, |whole, n| whole << 6 | group.get(n).unwrap_or(&0));
        whole.to_be_bytes()[1..group.len()].to_vec()
    };
    digits.chunks(4).flat_map(bytes).collect()
}
