/// Capstone by the size of code, opened when it is wanted.
package final class Disassemblers {
  private final class One {
    let disassembler: Disassembler?
    init(bits: Int) { disassembler = Disassembler(bits: bits) }
  }
  private var known: [Int: One] = [:]

  package init() {}

  /// An instruction's text and length; bytes that Capstone does not know are one each.
  package func text(_ bytes: [UInt8], at address: UInt64, bits: Int) -> (text: String, length: Int) {
    let one = known[bits] ?? One(bits: bits)
    known[bits] = one
    return one.disassembler?.first(bytes, at: address).map { ($0.text, $0.length) } ?? (
      "(unknown)", min(1, bytes.count)
    )
  }
}
