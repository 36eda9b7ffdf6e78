//! Who may look in a browser, and as whom.

use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};

use crate::app::guard::is_same;
use crate::config::serving::{AudienceSpec, Web};
use crate::model::audience::{PUBLIC, TEAM};
use crate::model::hex::hex;
use crate::source::auth::Secret;

/// The name of the cookie that stands for a token.
const COOKIE: &str = "andon";

/// Who may look: an audience for each token, and one for who shows none.
pub(in crate::app::serving) struct Access {
    tokens: Vec<Login>,
    /// The audience of who shows nothing; without it a token is needed.
    open_to: Option<String>,
    /// Whether it is there for its status page only: nobody can show anything, and nobody may look without.
    is_status_only: bool,
}

struct Login {
    audience: String,
    token: SecretString,
    /// What the cookie of this audience holds: made of the token, and not to be turned back into it. It is the same after a
    /// restart, and another one with another token.
    cookie: String,
}

impl Access {
    /// Reads the tokens of audiences. The error is a sentence.
    pub(in crate::app::serving) fn read(web: &Web, audiences: &[AudienceSpec]) -> Result<Self, String> {
        let of_team = web.token.iter().map(|token| (TEAM, token));
        let others = audiences.iter().filter_map(|spec| Some((spec.audience.name.as_str(), spec.token.as_ref()?)));
        let tokens: Result<Vec<Login>, String> =
            of_team.chain(others).map(|(audience, token)| Login::read(audience, token)).collect();
        let tokens = tokens?;
        for (index, login) in tokens.iter().enumerate() {
            if let Some(other) = tokens.iter().take(index).find(|other| other.is_same(login)) {
                let [one, two] = [&other.audience, &login.audience];
                return Err(format!(
                    "the audiences '{one}' and '{two}' have the same token: nobody could tell who comes"
                ));
            }
        }
        let has_token = |name: &str| tokens.iter().any(|login| login.audience == name);
        let has_public = audiences.iter().any(|spec| spec.audience.name == PUBLIC);
        // Without a public and without a token whoever is on this machine is of the team; not where customers come, too: a
        // proxy is on this machine.
        let is_team = !has_token(TEAM) && web.listen.ip().is_loopback() && web.status.is_none();
        let open_to = if has_public { (!has_token(PUBLIC)).then_some(PUBLIC) } else { is_team.then_some(TEAM) };
        let is_status_only = web.status.is_some() && tokens.is_empty() && open_to.is_none();
        Ok(Self { tokens, open_to: open_to.map(str::to_owned), is_status_only })
    }

    /// Whether there is nothing for anybody but the status page.
    pub(super) const fn is_status_only(&self) -> bool {
        self.is_status_only
    }

    /// Whoever comes is of one audience, whatever they show.
    pub(in crate::app::serving) fn of_all(audience: &str) -> Self {
        Self { tokens: Vec::new(), open_to: Some(audience.to_owned()), is_status_only: false }
    }

    /// Whether who shows these cookies has shown a token before: `done`, `possible`, or `none` where there is no token.
    pub(super) fn login(&self, cookies: Option<&str>) -> &'static str {
        match self.of_cookie(cookies) {
            Some(_) => "done",
            None if self.tokens.is_empty() => "none",
            None => "possible",
        }
    }

    /// The audience of who shows a token, or a cookie.
    pub(super) fn audience(&self, token: Option<&[u8]>, cookies: Option<&str>) -> Option<&str> {
        let login = token.and_then(|token| self.of_token(token)).or_else(|| self.of_cookie(cookies));
        login.map(|login| login.audience.as_str()).or(self.open_to.as_deref())
    }

    /// The cookie for who shows a token: kept from scripts, and sent to this board only.
    pub(super) fn cookie(&self, token: &[u8], is_https: bool) -> Option<String> {
        let cookie = &self.of_token(token)?.cookie;
        let secure = if is_https { "; Secure" } else { "" };
        Some(format!("{COOKIE}={cookie}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict{secure}"))
    }

    /// What takes it away.
    pub(super) fn no_cookie() -> String {
        format!("{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict")
    }

    fn of_cookie(&self, cookies: Option<&str>) -> Option<&Login> {
        let cookie = value(cookies?, COOKIE)?;
        self.tokens.iter().find(|login| is_same(cookie.as_bytes(), login.cookie.as_bytes()))
    }

    fn of_token(&self, token: &[u8]) -> Option<&Login> {
        self.tokens.iter().find(|login| is_same(token, login.token.expose_secret().as_bytes()))
    }
}

impl Login {
    fn is_same(&self, other: &Self) -> bool {
        is_same(self.token.expose_secret().as_bytes(), other.token.expose_secret().as_bytes())
    }

    fn read(audience: &str, token: &Secret) -> Result<Self, String> {
        let token = token.read().map_err(|error| format!("the token of the audience '{audience}': {error}"))?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, token.expose_secret().as_bytes());
        let tag = hmac::sign(&key, format!("andon, a browser of the audience {audience}").as_bytes());
        Ok(Self { audience: audience.to_owned(), token, cookie: hex(tag.as_ref()) })
    }
}

/// The value of a cookie. Source: RFC 6265, section 4.2.1.
fn value<'a>(cookies: &'a str, name: &str) -> Option<&'a str> {
    cookies
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::audience::{Audience, Detail};

    fn secret(token: &str) -> Secret {
        serde_json::from_value(token.into()).unwrap()
    }

    fn spec(name: &str, token: Option<&str>) -> AudienceSpec {
        let audience = Audience { name: name.to_owned(), detail: Detail::Public, ..Audience::team() };
        AudienceSpec { audience: Arc::new(audience), token: token.map(secret), ..AudienceSpec::team() }
    }

    fn access(listen: &str, of_team: Option<&str>, others: &[AudienceSpec]) -> Result<Access, String> {
        let token = of_team.map(secret);
        let web = Web { listen: listen.parse().unwrap(), token, hosts: Vec::new(), status: None };
        let team = AudienceSpec::team();
        Access::read(&web, &[&[team][..], others].concat())
    }

    #[test]
    fn who_shows_nothing_is_the_public_or_on_this_machine_the_team_or_nobody() {
        let (here, elsewhere) = ("127.0.0.1:1", "192.0.2.7:1");
        let public = [spec("public", None)];
        for (listen, of_team, others, who) in [
            (here, None, &[][..], Some("team")),
            (elsewhere, None, &[], None),
            (here, Some("t"), &[], None),
            (here, None, &public, Some("public")),
            (elsewhere, Some("t"), &public, Some("public")),
        ] {
            assert_eq!(access(listen, of_team, others).unwrap().audience(None, None), who, "{listen} {of_team:?}");
        }
    }

    #[test]
    fn one_token_is_of_one_audience() {
        let why = access("127.0.0.1:1", Some("same"), &[spec("sales", Some("same"))]).err().unwrap();
        assert!(why.contains("'team' and 'sales'"), "{why}");
        let both = access("127.0.0.1:1", Some("one"), &[spec("sales", Some("other"))]).unwrap();
        assert_eq!(both.audience(Some(b"other"), None), Some("sales"));
        let cookie = both.cookie(b"other", true).unwrap();
        assert!(cookie.ends_with("; Secure") && !cookie.contains("other"));
        assert_eq!(both.audience(None, cookie.split(';').next()), Some("sales"));
        assert_eq!(both.audience(None, Some("andon=guessed")), None);
        assert_eq!(
            [cookie.split(';').next(), Some("andon=guessed"), None].map(|is| both.login(is)),
            ["done", "possible", "possible"]
        );
        assert_eq!(access("127.0.0.1:1", None, &[]).unwrap().login(None), "none");
    }
}
