/// An object that is called often, of a type that is mostly a protocol: calls count no reference to it, which costs more than
/// many of them do.
///
/// Whoever has one as a property sets `object` to nil before it goes. An object may take another's place during a call only
/// if somebody else keeps it until the call ends.
@frozen public struct Held<Object> {
  @usableFromInline final class Box {
    @usableFromInline let object: Object

    init(_ object: Object) { self.object = object }
  }

  @usableFromInline var box: Unmanaged<Box>?

  /// No object.
  public init() {}

  /// The object.
  public var object: Object? {
    get { box?._withUnsafeGuaranteedRef { $0.object } }
    set {
      let old = box
      box = newValue.map { Unmanaged.passRetained(Box($0)) }
      old?.release()
    }
  }

  /// Calls the object, if there is one.
  @inlinable @inline(__always) public func callAsFunction<Result>(_ body: (Object) -> Result) -> Result? {
    box?._withUnsafeGuaranteedRef { body($0.object) }
  }
}
