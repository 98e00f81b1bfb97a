//! Numbers keep the digits that were sent, and are calculated with as decimals.

use super::{render, with};

#[test]
fn a_number_renders_with_the_digits_that_were_sent() {
    for number in [
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "18446744073709551615",
        "9007199254740993",
        "123456789012345678901234567890",
        "-123456789012345678901234567890",
        "2147483648",
        "0",
        "-1",
        "0.1",
        "49.95",
        "49.90",
        "0.30000000000000004",
        "3.14159265358979323846264338327950288",
        "0.0000001",
        "100.00",
        "12345678901234567.89",
    ] {
        let json = format!("{{\"n\": {number}, \"l\": [{number}], \"o\": {{\"n\": {number}}}}}");
        for source in [
            "{{ n }}",
            "{{ l[0] }}{% assign x = n %}",
            "{{ o.n | append: '' }}",
            "{{ l | join }}",
            "{% capture c %}{{ n }}{% endcapture %}{{ c }}",
            "{% for i in l %}{{ i }}{% endfor %}",
            "{% if n == l[0] and n == o.n %}{{ n }}{% endif %}",
            "{{ l | sort | first }}",
            "{{ gone | default: n }}",
        ] {
            assert_eq!(with(source, &json), number, "{source} with {number}");
        }
    }
    assert_eq!(with("{{ n }}", r#"{"n": 1e3}"#), "1000");
    assert_eq!(with("{{ n }}", r#"{"n": 1.5E-3}"#), "0.0015");
}

#[test]
fn arithmetic_is_decimal_and_a_whole_result_of_decimals_has_one_place() {
    for (source, wanted) in [
        ("{{ 0.0725 | times: 100 }}", "7.25"),
        ("{{ '-0.0725' | times: 100 }}", "-7.25"),
        ("{{ 1.1 | times: 3 }}", "3.3"),
        ("{{ 0.1 | plus: 0.2 }}", "0.3"),
        ("{{ 0.3 | minus: 0.1 }}", "0.2"),
        ("{{ 4.35 | times: 100 }}", "435.0"),
        ("{{ 19.99 | times: 3 }}", "59.97"),
        ("{{ 1.2 | plus: 0.8 }} {{ 1 | times: 1.0 }} {{ 3.0 }}", "2.0 1.0 3.0"),
        ("{{ 49.90 | plus: 0 }} {{ 49.90 | at_least: 1 }}", "49.9 49.9"),
        ("{{ 20 | divided_by: 7 }} {{ -20 | divided_by: 7 }} {{ 20 | divided_by: -7 }}", "2 -3 -3"),
        ("{{ 20 | divided_by: 7.0 }} {{ 2 | divided_by: 3.0 }}", "2.857142857142857 0.6666666666666666"),
        ("{{ 20 | divided_by: 7.0 | round: 3 }} {{ 1.0 | divided_by: 8 }}", "2.857 0.125"),
        ("{{ 10.0 | divided_by: 2 }}", "5.0"),
        (
            "{{ 7 | modulo: -3 }} {{ -7 | modulo: 3 }} {{ 7.5 | modulo: 2 }} {{ -0.5 | modulo: 0.3 }}",
            "-2 2 1.5 0.1",
        ),
        ("{{ 2.5 | round }} {{ -2.5 | round }} {{ 3.5 | round }} {{ 2.4 | round }}", "3 -3 4 2"),
        (
            "{{ 1.005 | round: 2 }} {{ 2.675 | round: 2 }} {{ 4.5612 | round: 2 }} {{ 19.999 | round: 2 }}",
            "1.01 2.68 4.56 20.0",
        ),
        ("{{ 5 | round: 2 }} {{ 1250 | round: -2 }} {{ 1.5 | round: 400000 }}", "5 1300 1.5"),
        (
            "{{ 1255.5 | round: -1 }} {{ 1255.5 | round: -2 }} {{ 0.1 | round: -1 }} {{ -15 | round: -1 }}",
            "1260 1300 0 -20",
        ),
        ("{{ 183.357 | ceil }} {{ 183.357 | floor }} {{ -1.5 | ceil }} {{ -1.5 | floor }}", "184 183 -1 -2"),
        ("{{ -19.99 | abs }} {{ -3 | abs }} {{ '-0.50' | abs }}", "19.99 3 0.5"),
        ("{{ 1 | at_least: 2.5 }} {{ 3 | at_most: 2.50 }} {{ 3 | at_most: 3.5 }}", "2.5 2.5 3"),
        ("{{ 9223372036854775807 | plus: 1 }}", "9223372036854775808"),
        ("{{ -9223372036854775808 | minus: 1 }}", "-9223372036854775809"),
        ("{{ 9223372036854775807 | times: 9223372036854775807 }}", "85070591730234615847396907784232501249"),
        (
            "{{ -9223372036854775808 | abs }} {{ -9223372036854775808 | divided_by: -1 }}",
            "9223372036854775808 9223372036854775808",
        ),
        ("{{ 12345678901234567.89 | plus: 0.01 }}", "12345678901234567.9"),
        ("{{ 1 | plus: 1.0 | minus: 1.0 | times: 2 }}", "2.0"),
        ("{{ '0.1,0.2,0.3' | split: ',' | sum }}", "0.6"),
        ("{% if 1.50 == 1.5 and 2.0 == 2 and 0.1 < 0.10000000000000000001 %}y{% endif %}", "y"),
    ] {
        assert_eq!(with(source, "{}"), wanted, "{source}");
    }
}

#[test]
fn the_numbers_of_variables_are_calculated_with_in_all_their_digits() {
    let json = r#"{"u": 18446744073709551615, "b": 123456789012345678901234567890, "p": [19.99, 5, 0.01, "1.50", null],
        "l": [10.5, 9, 18446744073709551615, 9.75, -1], "one": 1.0, "u2": [1.50, 1, 1.5, 1.0, 1, 1.00, 2], "tiny": 1e-300, "z": 0.0}"#;
    for (source, wanted) in [
        (
            "{{ u | plus: 1 }} {{ u | minus: u }} {{ b | plus: 0.5 }}",
            "18446744073709551616 0 123456789012345678901234567890.5",
        ),
        ("{{ b | divided_by: 10 }} {{ b | modulo: 100 }}", "12345678901234567890123456789 90"),
        ("{{ p | sum }}", "26.5"),
        ("{{ l | sort | join: ' ' }}", "-1 9 9.75 10.5 18446744073709551615"),
        ("{% if u > 18446744073709551614 and u < b and b > u %}y{% else %}n{% endif %}", "y"),
        ("{% if one == 1 and 1 == one and one <= 1 %}y{% endif %}", "y"),
        ("{% case one %}{% when 1 %}y{% endcase %}", "y"),
        ("{% if tiny > 0 and tiny < 0.1 %}y{% endif %}", "y"),
        ("{{ l | where: 'x' | size }}{{ p | uniq | size }}", "05"),
        ("{{ u2 | uniq | join: ' ' }}", "1.50 1 1.0 2"),
        ("{{ 1 | divided_by: z }}", "the template failed: filter `divided_by` cannot divide by zero"),
        ("{% for i in (1..one) %}{{ i }}{% endfor %}{% for i in l limit: one %}{{ i }}{% endfor %}", "110.5"),
    ] {
        assert_eq!(with(source, json), wanted, "{source}");
    }
}

#[test]
fn no_exponent_is_an_attack() {
    for source in [
        "{{ n }}",
        "{{ n | plus: 1 }}",
        "{{ n | times: n }}",
        "{{ 1 | divided_by: n }}",
        "{{ n | round: 999999999 }}",
    ] {
        for number in ["1e-999999999", "1e308", "0e99999", "1E-99999999999999999999", "-1e-400"] {
            assert!(with(source, &format!("{{\"n\": {number}}}")).len() < 1_000, "{source} {number}");
        }
    }
    assert_eq!(render("{{ n | append: '' | size }}", serde_json::json!({"n": 1e300})), "301");
}
