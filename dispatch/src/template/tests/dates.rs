//! `date` reads a moment as it is written, and writes it by every directive, as Ruby does.

use time::macros::datetime;

use crate::template::{CompiledTemplate, Escape, RenderLimits, Variables};

fn dated(input: &str, pattern: &str) -> String {
    let source = format!("{{{{ {input} | date: \"{pattern}\" }}}}");
    let template = CompiledTemplate::parse(&source, Escape::None).unwrap();
    let limits = RenderLimits::at(datetime!(2026-11-29 12:30 UTC));
    template.render(&Variables::default(), &limits).unwrap().text
}

#[test]
fn a_date_is_read_as_people_write_it() {
    for (inputs, wanted) in [
        (
            "2026-11-29|2026/11/29|29.11.2026|29. 11. 2026|29/11/2026|29-11-2026|26-11-29|20261129t00|2026-333|Nov 29, 2026\
             |nov 29 2026|November 29th, 2026|29 November 2026|29. November 2026|29th Nov 2026|29-Nov-2026|Nov-29-2026\
             |2026 Nov 29|Sunday, 29 Nov 26|Sun Nov 29 2026|29nov2026|29 novembre 2026|Nov 29|29 nov|2026-11-29T00|today at 0:00",
            "2026-11-29 00:00:00 +0000",
        ),
        (
            "2026-11-29 10:05|2026-11-29T10:05Z|20261129T1005|20261129T100500Z|10:05 29.11.2026|29.11.2026, 10:05 Uhr\
             |Nov 29 2026 10:05 am|10:05 Nov 29 2026|Sun, 29 Nov 2026 10:05:00 GMT|Sun Nov 29 10:05:00 2026|2026-11-29 10h05m|10:05\
             |Sun Nov 29 10:05:00 UTC 2026|2026-11-29 10:05 America/New_York|2026-11-29T10:05:00-00:00",
            "2026-11-29 10:05:00 +0000",
        ),
        (
            "2026-11-29T10:05:00+02:00|2026-11-29 10:05 +0200|Sun, 29 Nov 2026 10:05:00 +0200 (EET)|2026-11-29T10:05:00.25+02\
             |20261129t100500+0200",
            "2026-11-29 10:05:00 +0200",
        ),
        (
            "2026-11-29 22:05 EST|2026-11-29 10:05pm -0500|10:05 P.M. EST 29 nov 2026|29 nov 2026 10h05 pm EST",
            "2026-11-29 22:05:00 -0500",
        ),
        ("2026-11-29 3pm|29 nov 2026 3 PM|2026-11-29 15:00:00,5", "2026-11-29 15:00:00 +0000"),
        ("Nov 2026|November 2026|11/2026|2026/11|1/11/2026", "2026-11-01 00:00:00 +0000"),
        ("2026-02-30|2026-03-01T24:00|2026-03-01 23:59:60|02 Mar 2026 12 am", "2026-03-02 00:00:00 +0000"),
        ("1999-12-31|31 Dec 99", "1999-12-31 00:00:00 +0000"),
        ("0|00", "1970-01-01 00:00:00 +0000"),
        ("NOW|today|now", "2026-11-29 12:30:00 +0000"),
    ] {
        for input in inputs.split('|') {
            // `today at` is not one of its words.
            let input = input.trim_start_matches("today at ");
            assert_eq!(dated(&format!("'{input}'"), "%Y-%m-%d %H:%M:%S %z"), wanted, "{input}");
        }
    }
}

#[test]
fn a_text_without_a_date_is_written_as_it_came() {
    for input in [
        "soon",
        "Monday",
        "5 apples",
        "2026-13-01",
        "2026-11-32",
        "2026-11-00",
        "11/29/2026",
        "2026-11-29 25:00",
        "2026-11-29 10:60",
        "2026-11",
        "1700000000.5",
        "-5",
        "99999999999999999999",
        "Q4 2026",
        " ",
        "::",
        "2026年11月29日",
        "' + 1",
    ] {
        assert_eq!(dated(&format!("\"{input}\""), "%Y"), input);
    }
    let long = format!("{}2026-11-29", " ".repeat(200));
    assert_eq!(dated(&format!("'{long}'"), "%Y"), long);
}

#[test]
fn what_a_date_leaves_out_is_that_of_the_first_attempt_and_without_one_it_stays() {
    let template = CompiledTemplate::parse("{{ 'Nov 29' | date: '%Y' }}", Escape::None).unwrap();
    assert_eq!(template.render(&Variables::default(), &RenderLimits::default()).unwrap().text, "Nov 29");
    assert_eq!(dated("'Nov 2'", "%F"), "2026-11-02");
}

#[test]
fn every_directive_and_flag_writes_what_ruby_writes() {
    for (pattern, wanted) in [
        ("%-d|%e|%d|%_m|%-m|%3d", "9| 9|09| 3|3|009"),
        ("%B|%^B|%b|%^b|%h|%a|%^A|%#p", "March|MARCH|Mar|MAR|Mar|Mon|MONDAY|pm"),
        ("%I:%M %p|%-I %P|%l|%k|%H", "02:05 PM|2 pm| 2|14|14"),
        ("%s|%j|%U|%W|%V|%G|%u|%w|%C|%y", "1773057907|068|10|10|11|2026|1|1|20|26"),
        ("%z|%:z|%::z|%Z", "+0200|+02:00|+02:00:00|"),
        ("%L|%N|%3N|%6N", "250|250000000|250|250000"),
        ("%F|%D|%T|%R|%r", "2026-03-09|03/09/26|14:05:07|14:05|02:05:07 PM"),
        ("%c|%x|%X|%v", "Mon Mar  9 14:05:07 2026|03/09/26|14:05:07| 9-MAR-2026"),
        ("%%|%n|%t|%010Y|%10B", "%|\n|\t|0000002026|     March"),
    ] {
        assert_eq!(dated("'2026-03-09T14:05:07.25+02:00'", pattern), wanted, "{pattern}");
    }
    assert_eq!(dated("1700000000", "%F %Z"), "2023-11-14 UTC");
    assert_eq!(dated("'1700000000'", "%F %T"), "2023-11-14 22:13:20");
    assert_eq!(dated("-1", "%F %T"), "1969-12-31 23:59:59");
}
