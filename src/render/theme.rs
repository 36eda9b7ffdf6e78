//! Themes: TOML files that map roles to colours, and the YAML files of base16 and base24. A theme may inherit another,
//! and has a palette of its own names. Reading files is done elsewhere; this is pure.

mod base16;

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use crate::panel::ink::{Glyphs, Ink, ROLE_COUNT, ROLES, contrast};

/// Deepest chain of `inherits`.
const MAX_INHERIT: usize = 8;

macro_rules! embedded {
    ($($name:literal),+ $(,)?) => {
        /// The themes that come with andon: name and file.
        pub const EMBEDDED: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../themes/", $name, ".toml")))),+];
    };
}

embedded!(
    "andon",
    "andon-light",
    "colour-blind",
    "high-contrast",
    "monochrome",
    "frost",
    "ember",
    "paper",
    "catppuccin-mocha",
    "catppuccin-latte",
    "dracula",
    "everforest",
    "gruvbox-dark",
    "gruvbox-light",
    "kanagawa",
    "monokai",
    "nord",
    "one-dark",
    "rose-pine",
    "rose-pine-dawn",
    "solarized-dark",
    "solarized-light",
    "tokyo-night",
);

/// The text of a theme file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ThemeText {
    /// One of andon's own.
    Toml(String),
    /// A scheme of base16 or base24.
    Yaml(String),
}

/// The file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    about: String,
    inherits: Option<String>,
    palette: BTreeMap<String, String>,
    roles: BTreeMap<String, RoleFile>,
}

/// The style of a role: a colour, or a table.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "a colour, or a table with fg, bg, bold, dim, reverse, underline")]
enum RoleFile {
    Colour(String),
    Style(StyleFile),
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "the keys of a table, each on or off")]
struct StyleFile {
    fg: Option<String>,
    bg: Option<String>,
    bold: bool,
    dim: bool,
    reverse: bool,
    underline: bool,
}

/// Roles and their styles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    /// One line about it.
    pub about: String,
    styles: [Style; ROLE_COUNT],
}

/// What is wrong with a theme, in a sentence that names the theme and the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the theme '{theme}': {message}")]
pub struct ThemeError {
    /// Which theme.
    pub theme: String,
    /// What is wrong.
    pub message: String,
}

impl Theme {
    /// Reads a theme by name. `find` gives the text of a theme file, the user's before the embedded.
    pub fn load(name: &str, find: &impl Fn(&str) -> Option<ThemeText>) -> Result<Self, ThemeError> {
        let mut chain = Vec::new();
        let mut next = Some(name.to_owned());
        while let Some(current) = next.take() {
            if chain.len() >= MAX_INHERIT {
                return Err(wrong(&current, "inherits in a circle, or too deeply"));
            }
            let file = read(&current, find)?;
            next.clone_from(&file.inherits);
            chain.push((current, file));
        }
        let mut theme = Self {
            about: chain.first().map(|(_, file)| file.about.clone()).unwrap_or_default(),
            styles: [Style::default(); ROLE_COUNT],
        };
        let mut palette = BTreeMap::new();
        for (name, file) in chain.iter().rev() {
            palette.extend(file.palette.clone());
            theme.apply(name, file, &palette)?;
        }
        theme.fill_ground();
        Ok(theme)
    }

    fn apply(&mut self, name: &str, file: &File, palette: &BTreeMap<String, String>) -> Result<(), ThemeError> {
        for (role, style) in &file.roles {
            let Some(at) = ROLES.iter().position(|(known, _)| known == role) else {
                let known: Vec<&str> = ROLES.iter().map(|(known, _)| *known).collect();
                return Err(wrong(name, &format!("there is no role '{role}'; there are {}", known.join(", "))));
            };
            let style = style.resolve(palette).map_err(|message| wrong(name, &format!("role {role}: {message}")))?;
            if let Some(slot) = self.styles.get_mut(at) {
                *slot = style;
            }
        }
        Ok(())
    }

    /// Every role stands on the ground of the text, unless it has its own.
    fn fill_ground(&mut self) {
        let ground = self.styles.first().and_then(|text| text.bg);
        for style in &mut self.styles {
            style.bg = style.bg.or(ground);
        }
    }

    /// Ink for drawing.
    pub fn ink(&self, glyphs: Glyphs) -> Ink {
        Ink::new(self.styles, glyphs)
    }

    /// The least contrast of roles that carry words or status against their ground, by the formula of
    /// WCAG 2.1 ("contrast ratio", 1 to 21), with the role's name. Roles without a colour of their own
    /// use the terminal's and are not counted.
    pub fn contrasts(&self) -> Vec<(&'static str, f64)> {
        ROLES
            .iter()
            .zip(&self.styles)
            .filter_map(|((name, _), style)| {
                let (Some(Color::Rgb(r, g, b)), Some(Color::Rgb(x, y, z))) = (style.fg, style.bg) else { return None };
                Some((*name, contrast([r, g, b], [x, y, z])))
            })
            .collect()
    }
}

fn wrong(theme: &str, message: &str) -> ThemeError {
    ThemeError { theme: theme.to_owned(), message: message.to_owned() }
}

fn read(name: &str, find: &impl Fn(&str) -> Option<ThemeText>) -> Result<File, ThemeError> {
    let Some(text) = find(name) else {
        let known: Vec<&str> = EMBEDDED.iter().map(|(known, _)| *known).collect();
        return Err(wrong(name, &format!("is not there; there are {}, or name a file", known.join(", "))));
    };
    match text {
        ThemeText::Toml(text) => from_toml(name, &text),
        ThemeText::Yaml(text) => {
            base16::read(&text).map(File::from_scheme).map_err(|message| wrong(name, &format!("as base16: {message}")))
        }
    }
}

fn from_toml(name: &str, text: &str) -> Result<File, ThemeError> {
    toml_edit::de::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| text.get(..span.start).unwrap_or(text).matches('\n').count() + 1);
        wrong(name, &format!("line {line}: {}", error.message().lines().next().unwrap_or_default()))
    })
}

impl File {
    fn from_scheme(scheme: base16::Scheme) -> Self {
        let role = |(role, colour): (&str, String)| {
            let bg = (role == "text").then(|| scheme.ground.clone());
            (role.to_owned(), RoleFile::Style(StyleFile { fg: Some(colour), bg, ..StyleFile::default() }))
        };
        Self { about: scheme.about, roles: scheme.roles.into_iter().map(role).collect(), ..Self::default() }
    }
}

impl RoleFile {
    fn resolve(&self, palette: &BTreeMap<String, String>) -> Result<Style, String> {
        let style = match self {
            Self::Colour(fg) => &StyleFile { fg: Some(fg.clone()), ..StyleFile::default() },
            Self::Style(style) => style,
        };
        let mut resolved = Style::default();
        if let Some(fg) = &style.fg {
            resolved.fg = Some(colour(fg, palette)?);
        }
        if let Some(bg) = &style.bg {
            resolved.bg = Some(colour(bg, palette)?);
        }
        let modifiers = [
            (style.bold, Modifier::BOLD),
            (style.dim, Modifier::DIM),
            (style.reverse, Modifier::REVERSED),
            (style.underline, Modifier::UNDERLINED),
        ];
        for (_, modifier) in modifiers.into_iter().filter(|(wanted, _)| *wanted) {
            resolved = resolved.add_modifier(modifier);
        }
        Ok(resolved)
    }
}

/// `#rrggbb`, `default` (the terminal's own), or a name of the palette.
fn colour(text: &str, palette: &BTreeMap<String, String>) -> Result<Color, String> {
    let text = palette.get(text).map_or(text, String::as_str);
    if text == "default" {
        return Ok(Color::Reset);
    }
    let rgb = text.strip_prefix('#').filter(|hex| hex.len() == 6).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    rgb.map(|rgb| Color::Rgb((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8))
        .ok_or_else(|| format!("'{text}' is neither #rrggbb, nor default, nor in the palette"))
}

/// The text of an embedded theme.
pub fn embedded(name: &str) -> Option<ThemeText> {
    let text = EMBEDDED.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
    text.map(ThemeText::Toml)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::ink::Role;

    fn load(text: &str) -> Result<Theme, ThemeError> {
        Theme::load("mine", &|name| {
            if name == "mine" { Some(ThemeText::Toml(text.to_owned())) } else { embedded(name) }
        })
    }

    #[test]
    fn a_theme_inherits_and_overrides() {
        let mine = load("inherits = \"andon\"\n[palette]\nlime = \"#00ff00\"\n[roles]\nok = \"lime\"\n").unwrap();
        let ink = mine.ink(Glyphs::Full);
        assert_eq!(ink.style(Role::Ok).fg, Some(Color::Rgb(0, 255, 0)));
        let andon = Theme::load("andon", &embedded).unwrap().ink(Glyphs::Full);
        assert_eq!(ink.style(Role::Critical), andon.style(Role::Critical));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("[roles]\nokay = \"#00ff00\"", "no role 'okay'"),
            ("[roles]\nok = \"green\"", "'green' is neither"),
            ("inherits = \"mine\"", "circle"),
            ("inherits = \"nowhere\"", "is not there"),
            ("roles = 3", "line 1"),
            ("[roles]\nok = ", "line 2"),
        ] {
            let error = load(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
