//! Pages of replays: plain data in, HTML out.
