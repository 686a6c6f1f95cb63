import Fuzz
import Testing

/// Random bytes and mutated instructions, executed in every mode.
@Suite struct FuzzTests {
}
