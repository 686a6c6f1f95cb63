import CPU
import MMU

// Memory: `x`, `xp`, `u`, `print`.

extension Session {
  /// `x` and its like.
  func examine(_ arguments: Arguments, _ level: Expression.Level) throws {
    var arguments = arguments
    let format = try MemoryFormat(arguments.format())
    let address = try value(at: &arguments) ?? nextExamined
    try arguments.end()
    let view = MemoryView(processor, level)
    switch format.letter {
    case "i": return disassemble(address, format.count, view)
    case "s": return showStrings(address, format.count, view)
    default: break
    }
    let perLine = max(1, 16 / format.bytes) / (format.letter == "t" && format.bytes > 1 ? 2 : 1)
    var next = address
    var left = format.count
    while left > 0 {
      let count = min(left, max(1, perLine))
      let bytes = view.bytes(next, count: count * format.bytes)
      let values = stride(from: 0, to: bytes.count - format.bytes + 1, by: format.bytes).map { start in
        text(bytes[start..<start + format.bytes].reversed().reduce(0) { $0 << 8 | UInt64($1) }, format)
      }
      if !values.isEmpty { say("\(label(next, level)): \(values.joined(separator: " "))") }
      next &+= UInt64(values.count * format.bytes)
      guard values.count == count else { throw Complaint("cannot read \(view.name) \(hex(next))") }
      left -= count
    }
    nextExamined = next
    repeatAs(
      "\(level == .linear ? "x" : level == .physical ? "xp" : "xg")/\(format.count)\(format.letter)\(format.unit)")
  }

  private func text(_ value: UInt64, _ format: MemoryFormat) -> String {
    format.letter == "a" ? place(value) : format.text(value)
  }

  private func label(_ address: UInt64, _ level: Expression.Level) -> String {
    level == .linear ? place(address) : hex(address)
  }

  private func showStrings(_ address: UInt64, _ count: Int, _ view: MemoryView) {
    var next = address
    for _ in 0..<count {
      let bytes = view.bytes(next, count: 200)
      guard !bytes.isEmpty else { return say("cannot read \(view.name) \(hex(next))") }
      let text = bytes.prefix { $0 != 0 }
      say("\(label(next, view.level)): \"\(String(decoding: text, as: UTF8.self))\"")
      next &+= UInt64(text.count) &+ (text.count < bytes.count ? 1 : 0)
    }
    nextExamined = next
  }

  /// `u`.
  func disassemble(_ arguments: Arguments) throws {
    var arguments = arguments
    let format = arguments.format()
    let count = format.isEmpty ? 8 : try MemoryFormat(format).count
    let address = try value(at: &arguments) ?? nextDisassembled
    try arguments.end()
    disassemble(address, count, MemoryView(processor, .linear))
    repeatAs("u/\(count)")
  }

  private func disassemble(_ address: UInt64, _ count: Int, _ view: MemoryView) {
    var next = address
    for _ in 0..<count {
      let bytes = view.bytes(next, count: 15)
      guard !bytes.isEmpty else {
        say("cannot read \(view.name) \(hex(next))")
        break
      }
      let (text, length) = disassemblers.text(bytes, at: next, bits: processor.codeBits)
      let code = bytes.prefix(length).map { Hexadecimal.text(UInt64($0), digits: 2) }.joined()
      let mark = view.level == .linear && next == processor.linearRIP ? "=>" : "  "
      say("\(mark) \(label(next, view.level)): \(code.padded(22))\(text)")
      next &+= UInt64(length)
    }
    nextDisassembled = next
  }

  /// `print`.
  func printValue(_ arguments: Arguments) throws {
    var arguments = arguments
    let letters = arguments.format()
    let value = try value(arguments.rest)
    guard letters.isEmpty else {
      return say(text(value, try MemoryFormat(letters)))
    }
    let name = symbolText(value).map { " <\($0)>" } ?? ""
    let signed = Int64(bitPattern: value)
    say("\(hex(value)) \(value)\(signed < 0 ? " \(signed)" : "")\(name)")
  }
}

extension MemoryFormat {
  /// The size's letter.
  var unit: String {
    switch bytes {
    case 1: "b"
    case 2: "h"
    case 4: "w"
    default: "g"
    }
  }
}
