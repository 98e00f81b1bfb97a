//! Names of elements, as far as they matter to the text.

use std::hash::{DefaultHasher, Hash, Hasher};

macro_rules! tags {
    ($($tag:ident $name:literal),+ $(,)?) => {
        /// An element's name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Tag {
            $($tag,)+
            /// One that means nothing here; the hash tells it from others.
            Other(u64),
        }

        impl Tag {
            pub(super) fn of(name: &str) -> Self {
                match name {
                    $($name => Self::$tag,)+
                    other => {
                        let mut hasher = DefaultHasher::new();
                        other.hash(&mut hasher);
                        Self::Other(hasher.finish())
                    }
                }
            }
        }
    };
}

tags! {
    A "a", Address "address", Area "area", Article "article", Aside "aside", Base "base",
    Basefont "basefont", Blockquote "blockquote", Body "body", Br "br", Button "button", Canvas "canvas",
    Caption "caption", Center "center", Col "col", Datalist "datalist", Dd "dd", Details "details", Dir "dir",
    Div "div", Dl "dl", Dt "dt", Embed "embed", Fieldset "fieldset", Figcaption "figcaption", Figure "figure",
    Footer "footer", Form "form", H1 "h1", H2 "h2", H3 "h3", H4 "h4", H5 "h5", H6 "h6", Head "head",
    Header "header", Hr "hr", Html "html", Iframe "iframe", Img "img", Input "input", Li "li", Link "link",
    Listing "listing", Main "main", Menu "menu", Meta "meta", Nav "nav", Noembed "noembed", Noframes "noframes",
    Noscript "noscript", Ol "ol", P "p", Param "param", Plaintext "plaintext", Pre "pre", Q "q",
    Script "script", Section "section", Select "select", Source "source", Span "span", Style "style", Sup "sup",
    Summary "summary", Svg "svg", Table "table", Tbody "tbody", Td "td", Template "template",
    Textarea "textarea", Tfoot "tfoot", Th "th", Thead "thead", Title "title", Tr "tr", Track "track", Ul "ul",
    Wbr "wbr", Xml "xml", Xmp "xmp",
}

impl Tag {
    /// Whether it has no inside.
    pub(super) fn is_void(self) -> bool {
        matches!(
            self,
            Self::Area
                | Self::Base
                | Self::Basefont
                | Self::Br
                | Self::Col
                | Self::Embed
                | Self::Hr
                | Self::Img
                | Self::Input
                | Self::Link
                | Self::Meta
                | Self::Param
                | Self::Source
                | Self::Track
                | Self::Wbr
        )
    }

    /// Whether its inside is not for reading, or is shown as something else than its text.
    pub(super) fn is_not_text(self) -> bool {
        matches!(
            self,
            Self::Canvas
                | Self::Datalist
                | Self::Head
                | Self::Iframe
                | Self::Noembed
                | Self::Noframes
                | Self::Script
                | Self::Select
                | Self::Style
                | Self::Svg
                | Self::Template
                | Self::Textarea
                | Self::Title
                | Self::Xml
        )
    }

    /// Whether it stands in a head.
    pub(super) fn is_of_head(self) -> bool {
        matches!(
            self,
            Self::Base
                | Self::Basefont
                | Self::Link
                | Self::Meta
                | Self::Noscript
                | Self::Script
                | Self::Style
                | Self::Template
                | Self::Title
        )
    }

    /// Whether a paragraph before it ends.
    pub(super) fn ends_paragraph(self) -> bool {
        self.is_preformatted()
            || self.lines_around() > 0
                && !matches!(self, Self::Body | Self::Caption | Self::Summary)
                && !self.is_of_table()
    }

    /// Whether it keeps its blanks and line ends.
    pub(super) fn is_preformatted(self) -> bool {
        matches!(self, Self::Listing | Self::Plaintext | Self::Pre | Self::Xmp)
    }

    /// Whether it is a part of a table.
    fn is_of_table(self) -> bool {
        matches!(self, Self::Tbody | Self::Td | Self::Tfoot | Self::Th | Self::Thead | Self::Tr)
    }

    pub(super) fn is_cell(self) -> bool {
        matches!(self, Self::Td | Self::Th)
    }

    pub(super) fn is_list(self) -> bool {
        matches!(self, Self::Dir | Self::Menu | Self::Ol | Self::Ul)
    }

    /// Whether no end from within reaches beyond it.
    pub(super) fn is_wall(self) -> bool {
        self.is_cell()
            || matches!(self, Self::Body | Self::Caption | Self::Html | Self::Table | Self::Template)
    }

    /// Line ends before and after it.
    pub(super) fn lines_around(self) -> usize {
        match self {
            Self::Blockquote
            | Self::Dir
            | Self::Dl
            | Self::Fieldset
            | Self::Figure
            | Self::H1
            | Self::H2
            | Self::H3
            | Self::H4
            | Self::H5
            | Self::H6
            | Self::Hr
            | Self::Listing
            | Self::Menu
            | Self::Ol
            | Self::P
            | Self::Pre
            | Self::Ul
            | Self::Xmp => 2,
            Self::Address
            | Self::Article
            | Self::Aside
            | Self::Body
            | Self::Caption
            | Self::Center
            | Self::Dd
            | Self::Details
            | Self::Div
            | Self::Dt
            | Self::Figcaption
            | Self::Footer
            | Self::Form
            | Self::Header
            | Self::Li
            | Self::Main
            | Self::Nav
            | Self::Section
            | Self::Summary
            | Self::Table
            | Self::Tbody
            | Self::Tfoot
            | Self::Thead
            | Self::Tr => 1,
            _ => 0,
        }
    }
}
