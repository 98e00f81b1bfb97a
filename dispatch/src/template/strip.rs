//! The text between tags, for the `strip_html` filter.
//!
//! Invariant: two passes, whatever the HTML is; what looks unfinished is text. It is for reading, not for safety.

/// Blocks that go with what is in them: how each begins and ends.
const BLOCKS: [(&str, &str); 3] = [("<script", "</script>"), ("<!--", "-->"), ("<style", "</style>")];

/// The text between the tags, as Shopify's Liquid cuts it: first the blocks go, then all from a `<` to the next `>`.
pub(super) fn without_tags(html: &str) -> String {
    let html = without_blocks(html);
    let mut text = String::with_capacity(html.len());
    let mut rest = &*html;
    while let Some((before, tag)) = rest.split_once('<') {
        let Some((_, after)) = tag.split_once('>') else { break };
        text.push_str(before);
        rest = after;
    }
    text.push_str(rest);
    text
}

fn without_blocks(html: &str) -> String {
    let mut kept = String::with_capacity(html.len());
    // An end that was looked for in vain does not come any more.
    let mut is_absent = [false; BLOCKS.len()];
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        kept.push_str(&rest[..start]);
        rest = &rest[start..];
        let block =
            BLOCKS.iter().enumerate().find(|(index, (open, _))| !is_absent[*index] && rest.starts_with(open));
        let Some((index, (open, close))) = block else {
            kept.push('<');
            rest = &rest[1..];
            continue;
        };
        match rest[open.len()..].find(close) {
            Some(length) => rest = &rest[open.len() + length + close.len()..],
            None => is_absent[index] = true,
        }
    }
    kept.push_str(rest);
    kept
}
