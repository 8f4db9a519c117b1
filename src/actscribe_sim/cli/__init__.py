"""The commands `demo` and `simulate`; importing one loads nothing that draws, so that help texts stay fast."""
