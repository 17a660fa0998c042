//! Pages: plain data in, HTML out.
