import Opcodes
import Testing

/// Rows name the handlers they need, and a name stands for one body (`Opcode.handlers`, `handlerList`).
@Suite struct HandlerTests {
  private let opcodes: [Opcode]

  init() throws { opcodes = try Opcode.all() }

  /// `Opcode.handlers`: a handler for each width, form and condition, each with a name that Swift takes for one.
  @Test func everyRowHasItsHandlers() {
    for opcode in opcodes {
      let conditions = opcode.spread == 16 ? 16 : 1
      let widths = opcode.widths.isEmpty ? [0] : opcode.widths
      let modes = HandlerMode.allCases.map { mode in
        widths.filter { mode.has(width: $0, isAlways64: opcode.isAlways64) }.count
      }
      let variants = opcode.usesMode ? modes.reduce(0, +) : widths.count
      #expect(opcode.handlers.count == variants * opcode.forms.count * conditions)
      for handler in opcode.handlers {
        #expect(handler.name.first?.isLetter == true, "\(opcode.mnemonic): '\(handler.name)'")
        #expect(handler.name.allSatisfy { $0.isLetter || $0.isNumber }, "\(opcode.mnemonic): '\(handler.name)'")
        #expect(handler.body?.isEmpty != true, "\(opcode.mnemonic): \(handler.name) has no body")
      }
    }
  }

  /// `HandlerSpecification`: a name has one body, whichever row asks for it; `handlerList` has it if any row gives it.
  @Test func aNameHasOneBody() {
    var bodies: [String: Set<String>] = [:]
    for handler in opcodes.flatMap(\.handlers) {
      bodies[handler.name, default: []].formUnion(handler.body.map { [$0] } ?? [])
    }
    for (name, set) in bodies { #expect(set.count <= 1, "\(name): \(set)") }
    for handler in handlerList(of: opcodes) { #expect(handler.body == bodies[handler.name]?.first, "\(handler.name)") }
  }

  /// `HandlerSpecification`: two names never stand for the same body; one of them would be generated in vain.
  @Test func aBodyHasOneName() {
    var names: [String: Set<String>] = [:]
    for handler in opcodes.flatMap(\.handlers) {
      if let body = handler.body { names[body, default: []].insert(handler.name) }
    }
    for (body, set) in names { #expect(set.count == 1, "\(body): \(set)") }
  }

  /// `handlerList`: every handler once, in the table's order.
  @Test func theListHasEveryHandlerOnce() {
    let list = handlerList(of: opcodes)
    var seen: Set<String> = []
    #expect(list.allSatisfy { seen.insert($0.name).inserted })
    var order: [String] = []
    var ordered: Set<String> = []
    for name in opcodes.flatMap(\.handlers).map(\.name) where ordered.insert(name).inserted { order.append(name) }
    #expect(list.map(\.name) == order)
  }

  /// `Opcode.handlers`: widths, forms and conditions of one row are told apart by name.
  @Test func theHandlersOfARowAreDistinct() {
    for opcode in opcodes where opcode.shape != .plain && opcode.isBuilt {
      #expect(Set(opcode.handlers.map(\.name)).count == opcode.handlers.count, "\(opcode.mnemonic)")
    }
  }

  /// SDM Vol. 1, "EFLAGS Condition Codes": sixteen, an odd one the negation of the even one before it.
  @Test func conditionsAreTheManuals() {
    #expect(
      conditionNames == ["O", "NO", "B", "AE", "E", "NE", "BE", "A", "S", "NS", "P", "NP", "L", "GE", "LE", "G"])
  }
}
