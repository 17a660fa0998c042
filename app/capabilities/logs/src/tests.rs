//! Tests of logs.
//!
//! - [`bench`]: a house with lines in it; [`fixtures`]: what SDKs really sent; [`taking_in`]: once and in order
//! - [`searching`]: what finds what; [`doors`]: pages, export, API; [`ageing`]: what leaves when; [`hostile`]; [`speed`]

mod ageing;
mod bench;
mod doors;
mod fixtures;
mod hostile;
mod searching;
mod speed;
mod taking_in;
