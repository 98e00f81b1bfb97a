//! The one integration-test binary of the workspace's end-to-end tests: a module a subject.
//!
//! One binary, since each costs a link on two cores. Modules share nothing but the harness of `orqestra-tests`.

mod architecture;
