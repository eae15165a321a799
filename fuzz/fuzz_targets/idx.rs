#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| signloop_fuzz::data::idx(data));
