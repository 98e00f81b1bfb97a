//! Live pushes: the WebSocket route, who may open one, and what the hub asks of the engine.

mod host;
pub(crate) mod origin;
pub(crate) mod websocket;
