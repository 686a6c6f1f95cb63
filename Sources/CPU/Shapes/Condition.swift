/// A condition of Jcc, SETcc and CMOVcc (SDM Vol. 1, appendix "EFLAGS Condition Codes").
protocol Condition {
  static func holds(_ flags: Flags) -> Bool
}

enum ConditionO: Condition { @inline(__always) static func holds(_ f: Flags) -> Bool { f.overflow } }
enum ConditionNO: Condition { @inline(__always) static func holds(_ f: Flags) -> Bool { !f.overflow } }
enum ConditionB: Condition { @inline(__always) static func holds(_ f: Flags) -> Bool { f.carry } }
enum ConditionAE: Condition { @inline(__always) static func holds(_ f: Flags) -> Bool { !f.carry } }
enum ConditionE: Condition { @inline(__always) static func holds(_ f: Flags) -> Bool { f.zero } }
enum ConditionNE: Condition { @inline(__always) static func holds(_ f: Flags) -> Bool { !f.zero } }
enum ConditionBE: Condition { @inline(__always) static func holds(_ f: Flags) -> Bool { f.carry || f.zero } }
enum ConditionA: Condition { @inline(__always) static func holds(_ f: Flags) -> Bool { !f.carry && !f.zero } }
enum ConditionS: Condition { @inline(__always) static func holds(_ f: Flags) -> Bool { f.sign } }
enum ConditionNS: Condition { @inline(__always) static func holds(_ f: Flags) -> Bool { !f.sign } }
enum ConditionP: Condition { @inline(__always) static func holds(_ f: Flags) -> Bool { f.parity } }
enum ConditionNP: Condition { @inline(__always) static func holds(_ f: Flags) -> Bool { !f.parity } }
enum ConditionL: Condition { @inline(__always) static func holds(_ f: Flags) -> Bool { f.sign != f.overflow } }
enum ConditionGE: Condition { @inline(__always) static func holds(_ f: Flags) -> Bool { f.sign == f.overflow } }
enum ConditionLE: Condition {
  @inline(__always) static func holds(_ f: Flags) -> Bool { f.zero || f.sign != f.overflow }
}
enum ConditionG: Condition {
  @inline(__always) static func holds(_ f: Flags) -> Bool { !f.zero && f.sign == f.overflow }
}
