-- Premium requests of a session as GitHub Copilot CLI counts them, in thousandths; NULL: not told.
ALTER TABLE sessions ADD COLUMN premium INTEGER;
