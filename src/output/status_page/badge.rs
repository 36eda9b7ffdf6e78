//! How all is, as a small picture for other pages.

use crate::eval::status_page::Overall;

/// The type of it.
pub const CONTENT_TYPE: &str = "image/svg+xml";

const HEIGHT: usize = 20;
/// The width of a character of eleven pixels, generously; the text is fitted to it.
const CHARACTER: usize = 7;
const MARGIN: usize = 6;

/// An SVG of two words: "status" and how it is.
pub fn draw(overall: Overall) -> String {
    let words = ["status", overall.brief()];
    let [left, right] = words.map(|word| word.len() * CHARACTER + 2 * MARGIN);
    let width = left + right;
    let colour = match overall {
        Overall::Operational => "#1a7f37",
        Overall::Maintenance => "#0a5897",
        Overall::Unknown => "#5d6673",
        Overall::Degraded | Overall::Incident => "#8a5500",
        Overall::PartialOutage | Overall::MajorOutage => "#b3153d",
    };
    let text = |word: &str, begin: usize, whole: usize| {
        let length = whole - 2 * MARGIN;
        let middle = begin + whole / 2;
        format!(
            "<text x=\"{middle}\" y=\"14\" textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\">{word}</text>\n"
        )
    };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{HEIGHT}\" role=\"img\" aria-label=\"status: {right_word}\">\n\
         <title>status: {right_word}</title>\n\
         <clipPath id=\"round\"><rect width=\"{width}\" height=\"{HEIGHT}\" rx=\"3\"/></clipPath>\n\
         <g clip-path=\"url(#round)\"><rect width=\"{left}\" height=\"{HEIGHT}\" fill=\"#30363d\"/>\
         <rect x=\"{left}\" width=\"{right}\" height=\"{HEIGHT}\" fill=\"{colour}\"/></g>\n\
         <g fill=\"#fff\" font-family=\"Verdana,'DejaVu Sans',sans-serif\" font-size=\"11\" text-anchor=\"middle\">\n{}{}</g>\n</svg>\n",
        text(words[0], 0, left),
        text(words[1], left, right),
        right_word = words[1],
    )
}
