//! Where `null` stands: requests may give it for what is left out; answers leave out and have `null` only where the field is
//! always there. A header or a parameter is never `null`.

use std::collections::BTreeSet;

use utoipa::Modify;
use utoipa::openapi::schema::{AllOf, ArrayItems, Object, OneOf, SchemaType, Type};
use utoipa::openapi::{OpenApi, RefOr, Schema};

use super::operations;

/// Takes `null` away where it does not stand.
pub(super) struct LeftOut;

impl Modify for LeftOut {
    fn modify(&self, document: &mut OpenApi) {
        let mut asked = BTreeSet::new();
        for operation in operations(document) {
            for parameter in operation.parameters.iter_mut().flatten() {
                if let RefOr::T(parameter) = parameter
                    && let Some(schema) = &mut parameter.schema
                {
                    never_null(schema);
                }
            }
            for response in operation.responses.responses.values_mut() {
                let RefOr::T(response) = response else { continue };
                for header in response.headers.values_mut() {
                    if let RefOr::T(header) = header
                        && let Some(schema) = &mut header.schema
                    {
                        never_null(schema);
                    }
                }
            }
            if let Some(RefOr::T(body)) = &operation.request_body {
                for content in body.content.values() {
                    if let RefOr::T(content) = content
                        && let Some(schema) = &content.schema
                    {
                        names(schema, &mut asked);
                    }
                }
            }
        }
        let schemas = &mut document.components.get_or_insert_default().schemas;
        // What a request refers to is a request's too.
        loop {
            let mut found = asked.clone();
            asked.iter().filter_map(|name| schemas.get(name)).for_each(|schema| names(schema, &mut found));
            if found.len() == asked.len() {
                break;
            }
            asked = found;
        }
        for (_, schema) in schemas.iter_mut().filter(|(name, _)| !asked.contains(*name)) {
            answered(schema);
        }
    }
}

/// The schemas that one refers to.
fn names(schema: &RefOr<Schema>, found: &mut BTreeSet<String>) {
    match schema {
        RefOr::Ref(reference) => {
            found.extend(reference.ref_location.rsplit('/').next().map(str::to_owned));
        }
        RefOr::T(Schema::Object(object)) => {
            object.properties.values().for_each(|property| names(property, found));
        }
        RefOr::T(Schema::Array(array)) => {
            if let ArrayItems::RefOrSchema(item) = &array.items {
                names(item, found);
            }
        }
        RefOr::T(Schema::OneOf(OneOf { items, .. }) | Schema::AllOf(AllOf { items, .. })) => {
            for item in items {
                names(item, found);
            }
        }
        RefOr::T(_) => {}
    }
}

/// A part of an answer: what need not be there is left out.
fn answered(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            let Object { properties, required, .. } = object;
            for (name, property) in properties.iter_mut() {
                if !required.contains(name) {
                    never_null(property);
                }
                answered(property);
            }
        }
        RefOr::T(Schema::Array(array)) => {
            if let ArrayItems::RefOrSchema(item) = &mut array.items {
                answered(item);
            }
        }
        RefOr::T(Schema::OneOf(OneOf { items, .. }) | Schema::AllOf(AllOf { items, .. })) => {
            items.iter_mut().for_each(answered);
        }
        RefOr::Ref(_) | RefOr::T(_) => {}
    }
}

fn never_null(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            not_null(&mut object.schema_type);
            object.enum_values.iter_mut().for_each(|names| names.retain(|name| !name.is_null()));
        }
        RefOr::T(Schema::Array(array)) => not_null(&mut array.schema_type),
        RefOr::T(Schema::OneOf(one)) => {
            one.items.retain(|item| !is_null(item));
            if let [only] = &mut *one.items
                && let RefOr::Ref(reference) = only
            {
                reference.description = one.description.take().unwrap_or_default();
                *schema = only.clone();
            }
        }
        RefOr::Ref(_) | RefOr::T(_) => {}
    }
}

fn not_null(of: &mut SchemaType) {
    if let SchemaType::Array(types) = of {
        types.retain(|one| *one != Type::Null);
        if let [only] = &**types {
            *of = SchemaType::Type(only.clone());
        }
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(Object { schema_type: SchemaType::Type(Type::Null), .. })))
}
