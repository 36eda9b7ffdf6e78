//! Whoever looks from elsewhere, however they try: the server writes, starts and connects nothing, asks for no more than it
//! would ask anyway, and shows each audience what it may see.

mod attacker;
mod board;
mod canaries;
mod socket;
mod web;
