//! What people call the version of an application: a tag, a chart's version, the first digits of a commit.

use crate::model::text::SafeText;
use crate::model::version::Version;

/// Commits and digests in eight characters; tags, and versions of charts, as they are.
pub(super) fn version(revisions: &[&str]) -> SafeText {
    let short = revisions.iter().map(|revision| Version::new(revision).short());
    SafeText::new(&short.collect::<Vec<_>>().join("+"))
}

/// The tag of the one image that has a tag, if that tells anything: "latest", "stable" and the names of branches
/// stand for another image every day.
pub(super) fn image_tag(images: &[String]) -> Option<&str> {
    let mut tags = images.iter().filter_map(|image| tag(image));
    let first = tags.next().filter(|tag| tag.bytes().any(|byte| byte.is_ascii_digit()));
    first.filter(|_| tags.next().is_none())
}

/// The tag in `registry:5000/shop/web:v2@sha256:...`.
fn tag(image: &str) -> Option<&str> {
    let name = image.split('@').next()?.rsplit('/').next()?;
    name.split_once(':').map(|(_, tag)| tag).filter(|tag| !tag.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_short_and_still_what_people_say() {
        let sha = "0123456789abcdef0123456789abcdef01234567";
        let cases: [(&[&str], &str); 5] = [
            (&[], ""),
            (&["1.2.3"], "1.2.3"),
            (&[sha], "01234567"),
            (&["sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"], "00112233"),
            (&["1.2.3", sha], "1.2.3+01234567"),
        ];
        for (revisions, short) in cases {
            assert_eq!(version(revisions).as_str(), short);
        }
        let cases: [(&[&str], Option<&str>); 8] = [
            (&["web:main"], None),
            (&[], None),
            (&["web"], None),
            (&["web:latest"], None),
            (&["registry:5000/web"], None),
            (&["registry:5000/a/web:v2"], Some("v2")),
            (&["web:v2", "proxy@sha256:00"], Some("v2")),
            (&["web:v2", "proxy:v9"], None),
        ];
        for (images, tag) in cases {
            let images: Vec<String> = images.iter().map(|image| (*image).to_owned()).collect();
            assert_eq!(image_tag(&images), tag, "{images:?}");
        }
    }
}
