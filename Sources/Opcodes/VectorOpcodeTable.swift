/// The rows of the opcode map for MMX, SSE and x87, and for their state, in the notation of `OpcodeTable`.
///
/// An operation that several mnemonics name (PAND, ANDPS, ANDPD) has one handler: `as=` names its type.
/// Attributes besides those of `OpcodeTable`: `unaligned`, a 16-byte memory operand may lie anywhere; `bytes=N`, size of the
/// memory operand; `sse`, `mmx`, `x87`, `waiting`, `fxsave`, `xsave`, the unit (`Opcode.Unit`) where no operand says it.
enum VectorOpcodeTable {
  static let text: StaticString = """
    opcode          mnemonic    operands    shape          widths  modes   attributes                   timing   section

    # MMX, SSE and SSE2: moves
    NP! 0F 6E       MOVD        P,Ey        vectorInsert   32,64   all     -                            vector   MOVD/MOVQ—Move Doubleword/Move Quadword
    66 0F 6E        MOVD        V,Ey        vectorInsert   32,64   all     -                            vector   MOVD/MOVQ—Move Doubleword/Move Quadword
    NP! 0F 7E       MOVD        Ey,P        vectorExtract  32,64   all     -                            vector   MOVD/MOVQ—Move Doubleword/Move Quadword
    66 0F 7E        MOVD        Ey,V        vectorExtract  32,64   all     -                            vector   MOVD/MOVQ—Move Doubleword/Move Quadword
    NP! 0F 6F       MOVQ        P,N         vector         64      all     -                            vector   MOVQ—Move Quadword
    NP! 0F 6F       MOVQ        P,M         vectorInsert   64      all     as=MOVD                      vector   MOVQ—Move Quadword
    NP! 0F 7F       MOVQ        N,P         vector         64      all     -                            vector   MOVQ—Move Quadword
    NP! 0F 7F       MOVQ        M,P         vectorExtract  64      all     as=MOVD                      vector   MOVQ—Move Quadword
    F3 0F 7E        MOVQ        V,U         vector         64      all     -                            vector   MOVQ—Move Quadword
    F3 0F 7E        MOVQ        V,M         vectorInsert   64      all     as=MOVD                      vector   MOVQ—Move Quadword
    66 0F D6        MOVQ        U,V         vector         64      all     -                            vector   MOVQ—Move Quadword
    66 0F D6        MOVQ        M,V         vectorExtract  64      all     as=MOVD                      vector   MOVQ—Move Quadword
    F3 0F D6        MOVQ2DQ     V,N         plain          -       all     -                            vector   MOVQ2DQ—Move Quadword From MMX Technology to XMM Register
    F2 0F D6        MOVDQ2Q     P,U         plain          -       all     -                            vector   MOVDQ2Q—Move Quadword From XMM to MMX Technology Register
    66 0F 6F        MOVDQA      V,W         vector         128     all     -                            vector   MOVDQA—Move Aligned Packed Integer Values
    66 0F 7F        MOVDQA      W,V         vector         128     all     -                            vector   MOVDQA—Move Aligned Packed Integer Values
    F3 0F 6F        MOVDQU      V,W         vector         128     all     as=MOVDQA,unaligned          vector   MOVDQU—Move Unaligned Packed Integer Values
    F3 0F 7F        MOVDQU      W,V         vector         128     all     as=MOVDQA,unaligned          vector   MOVDQU—Move Unaligned Packed Integer Values
    NP! 0F 28       MOVAPS      V,W         vector         128     all     as=MOVDQA                    vector   MOVAPS—Move Aligned Packed Single Precision Floating-Point Values
    NP! 0F 29       MOVAPS      W,V         vector         128     all     as=MOVDQA                    vector   MOVAPS—Move Aligned Packed Single Precision Floating-Point Values
    66 0F 28        MOVAPD      V,W         vector         128     all     as=MOVDQA                    vector   MOVAPD—Move Aligned Packed Double Precision Floating-Point Values
    66 0F 29        MOVAPD      W,V         vector         128     all     as=MOVDQA                    vector   MOVAPD—Move Aligned Packed Double Precision Floating-Point Values
    NP! 0F 10       MOVUPS      V,W         vector         128     all     as=MOVDQA,unaligned          vector   MOVUPS—Move Unaligned Packed Single Precision Floating-Point Values
    NP! 0F 11       MOVUPS      W,V         vector         128     all     as=MOVDQA,unaligned          vector   MOVUPS—Move Unaligned Packed Single Precision Floating-Point Values
    66 0F 10        MOVUPD      V,W         vector         128     all     as=MOVDQA,unaligned          vector   MOVUPD—Move Unaligned Packed Double Precision Floating-Point Values
    66 0F 11        MOVUPD      W,V         vector         128     all     as=MOVDQA,unaligned          vector   MOVUPD—Move Unaligned Packed Double Precision Floating-Point Values
    F2 0F F0        LDDQU       V,M         vector         128     all     onlyM,as=MOVDQA,unaligned    vector   LDDQU—Load Unaligned Integer 128 Bits
    66 0F 38 2A     MOVNTDQA    V,M         vector         128     all     onlyM,as=MOVDQA              vector   MOVNTDQA—Load Double Quadword Non-Temporal Aligned Hint
    66 0F E7        MOVNTDQ     M,V         vector         128     all     onlyM,as=MOVDQA              vector   MOVNTDQ—Store Packed Integers Using Non-Temporal Hint
    NP! 0F 2B       MOVNTPS     M,V         vector         128     all     onlyM,as=MOVDQA              vector   MOVNTPS—Store Packed Single Precision Floating-Point Values Using Non-Temporal Hint
    66 0F 2B        MOVNTPD     M,V         vector         128     all     onlyM,as=MOVDQA              vector   MOVNTPD—Store Packed Double Precision Floating-Point Values Using Non-Temporal Hint
    NP! 0F E7       MOVNTQ      M,P         vectorExtract  64      all     onlyM,as=MOVD                vector   MOVNTQ—Store of Quadword Using Non-Temporal Hint
    F3 0F 10        MOVSS       V,U         vector         32      all     -                            vector   MOVSS—Move or Merge Scalar Single Precision Floating-Point Value
    F3 0F 10        MOVSS       V,M         vectorInsert   32      all     as=MOVD                      vector   MOVSS—Move or Merge Scalar Single Precision Floating-Point Value
    F3 0F 11        MOVSS       U,V         vector         32      all     -                            vector   MOVSS—Move or Merge Scalar Single Precision Floating-Point Value
    F3 0F 11        MOVSS       M,V         vectorExtract  32      all     as=MOVD                      vector   MOVSS—Move or Merge Scalar Single Precision Floating-Point Value
    F2 0F 10        MOVSD       V,U         vector         64      all     as=MOVLPD                    vector   MOVSD—Move or Merge Scalar Double Precision Floating-Point Value
    F2 0F 10        MOVSD       V,M         vectorInsert   64      all     as=MOVD                      vector   MOVSD—Move or Merge Scalar Double Precision Floating-Point Value
    F2 0F 11        MOVSD       U,V         vector         64      all     as=MOVLPD                    vector   MOVSD—Move or Merge Scalar Double Precision Floating-Point Value
    F2 0F 11        MOVSD       M,V         vectorExtract  64      all     as=MOVD                      vector   MOVSD—Move or Merge Scalar Double Precision Floating-Point Value
    NP! 0F 12       MOVHLPS     V,U         vector         128     all     -                            vector   MOVHLPS—Move Packed Single Precision Floating-Point Values High to Low
    NP! 0F 16       MOVLHPS     V,U         vector         128     all     as=PUNPCKLQDQ                vector   MOVLHPS—Move Packed Single Precision Floating-Point Values Low to High
    NP! 0F 12       MOVLPS      V,M         vector         64      all     as=MOVLPD                    vector   MOVLPS—Move Low Packed Single Precision Floating-Point Values
    NP! 0F 13       MOVLPS      M,V         vectorExtract  64      all     onlyM,as=MOVD                vector   MOVLPS—Move Low Packed Single Precision Floating-Point Values
    66 0F 12        MOVLPD      V,M         vector         64      all     onlyM,as=MOVLPD              vector   MOVLPD—Move Low Packed Double Precision Floating-Point Values
    66 0F 13        MOVLPD      M,V         vectorExtract  64      all     onlyM,as=MOVD                vector   MOVLPD—Move Low Packed Double Precision Floating-Point Values
    NP! 0F 16       MOVHPS      V,M         vector         64      all     as=PUNPCKLQDQ                vector   MOVHPS—Move High Packed Single Precision Floating-Point Values
    NP! 0F 17       MOVHPS      M,V         vectorExtract  64      all     onlyM,as=MOVHPD              vector   MOVHPS—Move High Packed Single Precision Floating-Point Values
    66 0F 16        MOVHPD      V,M         vector         64      all     onlyM,as=PUNPCKLQDQ          vector   MOVHPD—Move High Packed Double Precision Floating-Point Values
    66 0F 17        MOVHPD      M,V         vectorExtract  64      all     onlyM,as=MOVHPD              vector   MOVHPD—Move High Packed Double Precision Floating-Point Values
    F2 0F 12        MOVDDUP     V,W         vector         64      all     -                            vector   MOVDDUP—Replicate Double Precision Floating-Point Values
    F3 0F 12        MOVSLDUP    V,W         vector         128     all     -                            vector   MOVSLDUP—Replicate Single Precision Floating-Point Values
    F3 0F 16        MOVSHDUP    V,W         vector         128     all     -                            vector   MOVSHDUP—Replicate Single Precision Floating-Point Values
    NP! 0F 50       MOVMSKPS    Gd,U        vectorExtract  32      all     -                            vector   MOVMSKPS—Extract Packed Single Precision Floating-Point Sign Mask
    66 0F 50        MOVMSKPD    Gd,U        vectorExtract  32      all     -                            vector   MOVMSKPD—Extract Packed Double Precision Floating-Point Sign Mask
    NP! 0F D7       PMOVMSKB    Gd,N        vectorExtract  32      all     -                            vector   PMOVMSKB—Move Byte Mask
    66 0F D7        PMOVMSKB    Gd,U        vectorExtract  32      all     -                            vector   PMOVMSKB—Move Byte Mask
    NP! 0F F7       MASKMOVQ    P,N,(rDI)   plain          -       all     bytes=8                      vector   MASKMOVQ—Store Selected Bytes of Quadword
    66 0F F7        MASKMOVDQU  V,U,(rDI)   plain          -       all     bytes=16                     vector   MASKMOVDQU—Store Selected Bytes of Double Quadword

    # Logic
    NP! 0F DB       PAND        P,Q         vector         64      all     -                            vector   PAND—Logical AND
    66 0F DB        PAND        V,W         vector         128     all     -                            vector   PAND—Logical AND
    NP! 0F DF       PANDN       P,Q         vector         64      all     -                            vector   PANDN—Logical AND NOT
    66 0F DF        PANDN       V,W         vector         128     all     -                            vector   PANDN—Logical AND NOT
    NP! 0F EB       POR         P,Q         vector         64      all     -                            vector   POR—Bitwise Logical OR
    66 0F EB        POR         V,W         vector         128     all     -                            vector   POR—Bitwise Logical OR
    NP! 0F EF       PXOR        P,Q         vector         64      all     -                            vector   PXOR—Logical Exclusive OR
    66 0F EF        PXOR        V,W         vector         128     all     -                            vector   PXOR—Logical Exclusive OR
    NP! 0F 54       ANDPS       V,W         vector         128     all     as=PAND                      vector   ANDPS—Bitwise Logical AND of Packed Single Precision Floating-Point Values
    66 0F 54        ANDPD       V,W         vector         128     all     as=PAND                      vector   ANDPD—Bitwise Logical AND of Packed Double Precision Floating-Point Values
    NP! 0F 55       ANDNPS      V,W         vector         128     all     as=PANDN                     vector   ANDNPS—Bitwise Logical AND NOT of Packed Single Precision Floating-Point Values
    66 0F 55        ANDNPD      V,W         vector         128     all     as=PANDN                     vector   ANDNPD—Bitwise Logical AND NOT of Packed Double Precision Floating-Point Values
    NP! 0F 56       ORPS        V,W         vector         128     all     as=POR                       vector   ORPS—Bitwise Logical OR of Packed Single Precision Floating-Point Values
    66 0F 56        ORPD        V,W         vector         128     all     as=POR                       vector   ORPD—Bitwise Logical OR of Packed Double Precision Floating-Point Values
    NP! 0F 57       XORPS       V,W         vector         128     all     as=PXOR                      vector   XORPS—Bitwise Logical XOR of Packed Single Precision Floating-Point Values
    66 0F 57        XORPD       V,W         vector         128     all     as=PXOR                      vector   XORPD—Bitwise Logical XOR of Packed Double Precision Floating-Point Values
    66 0F 38 17     PTEST       V,W         vectorTest     128     all     -                            vector   PTEST—Logical Compare

    # Arithmetic
    NP! 0F FC       PADDB       P,Q         vector         64      all     -                            vector   PADDB/PADDW/PADDD/PADDQ—Add Packed Integers
    66 0F FC        PADDB       V,W         vector         128     all     -                            vector   PADDB/PADDW/PADDD/PADDQ—Add Packed Integers
    NP! 0F FD       PADDW       P,Q         vector         64      all     -                            vector   PADDB/PADDW/PADDD/PADDQ—Add Packed Integers
    66 0F FD        PADDW       V,W         vector         128     all     -                            vector   PADDB/PADDW/PADDD/PADDQ—Add Packed Integers
    NP! 0F FE       PADDD       P,Q         vector         64      all     -                            vector   PADDB/PADDW/PADDD/PADDQ—Add Packed Integers
    66 0F FE        PADDD       V,W         vector         128     all     -                            vector   PADDB/PADDW/PADDD/PADDQ—Add Packed Integers
    NP! 0F D4       PADDQ       P,Q         vector         64      all     -                            vector   PADDB/PADDW/PADDD/PADDQ—Add Packed Integers
    66 0F D4        PADDQ       V,W         vector         128     all     -                            vector   PADDB/PADDW/PADDD/PADDQ—Add Packed Integers
    NP! 0F EC       PADDSB      P,Q         vector         64      all     -                            vector   PADDSB/PADDSW—Add Packed Signed Integers With Signed Saturation
    66 0F EC        PADDSB      V,W         vector         128     all     -                            vector   PADDSB/PADDSW—Add Packed Signed Integers With Signed Saturation
    NP! 0F ED       PADDSW      P,Q         vector         64      all     -                            vector   PADDSB/PADDSW—Add Packed Signed Integers With Signed Saturation
    66 0F ED        PADDSW      V,W         vector         128     all     -                            vector   PADDSB/PADDSW—Add Packed Signed Integers With Signed Saturation
    NP! 0F DC       PADDUSB     P,Q         vector         64      all     -                            vector   PADDUSB/PADDUSW—Add Packed Unsigned Integers With Unsigned Saturation
    66 0F DC        PADDUSB     V,W         vector         128     all     -                            vector   PADDUSB/PADDUSW—Add Packed Unsigned Integers With Unsigned Saturation
    NP! 0F DD       PADDUSW     P,Q         vector         64      all     -                            vector   PADDUSB/PADDUSW—Add Packed Unsigned Integers With Unsigned Saturation
    66 0F DD        PADDUSW     V,W         vector         128     all     -                            vector   PADDUSB/PADDUSW—Add Packed Unsigned Integers With Unsigned Saturation
    NP! 0F F8       PSUBB       P,Q         vector         64      all     -                            vector   PSUBB/PSUBW/PSUBD—Subtract Packed Integers
    66 0F F8        PSUBB       V,W         vector         128     all     -                            vector   PSUBB/PSUBW/PSUBD—Subtract Packed Integers
    NP! 0F F9       PSUBW       P,Q         vector         64      all     -                            vector   PSUBB/PSUBW/PSUBD—Subtract Packed Integers
    66 0F F9        PSUBW       V,W         vector         128     all     -                            vector   PSUBB/PSUBW/PSUBD—Subtract Packed Integers
    NP! 0F FA       PSUBD       P,Q         vector         64      all     -                            vector   PSUBB/PSUBW/PSUBD—Subtract Packed Integers
    66 0F FA        PSUBD       V,W         vector         128     all     -                            vector   PSUBB/PSUBW/PSUBD—Subtract Packed Integers
    NP! 0F FB       PSUBQ       P,Q         vector         64      all     -                            vector   PSUBQ—Subtract Packed Quadword Integers
    66 0F FB        PSUBQ       V,W         vector         128     all     -                            vector   PSUBQ—Subtract Packed Quadword Integers
    NP! 0F E8       PSUBSB      P,Q         vector         64      all     -                            vector   PSUBSB/PSUBSW—Subtract Packed Signed Integers With Signed Saturation
    66 0F E8        PSUBSB      V,W         vector         128     all     -                            vector   PSUBSB/PSUBSW—Subtract Packed Signed Integers With Signed Saturation
    NP! 0F E9       PSUBSW      P,Q         vector         64      all     -                            vector   PSUBSB/PSUBSW—Subtract Packed Signed Integers With Signed Saturation
    66 0F E9        PSUBSW      V,W         vector         128     all     -                            vector   PSUBSB/PSUBSW—Subtract Packed Signed Integers With Signed Saturation
    NP! 0F D8       PSUBUSB     P,Q         vector         64      all     -                            vector   PSUBUSB/PSUBUSW—Subtract Packed Unsigned Integers With Unsigned Saturation
    66 0F D8        PSUBUSB     V,W         vector         128     all     -                            vector   PSUBUSB/PSUBUSW—Subtract Packed Unsigned Integers With Unsigned Saturation
    NP! 0F D9       PSUBUSW     P,Q         vector         64      all     -                            vector   PSUBUSB/PSUBUSW—Subtract Packed Unsigned Integers With Unsigned Saturation
    66 0F D9        PSUBUSW     V,W         vector         128     all     -                            vector   PSUBUSB/PSUBUSW—Subtract Packed Unsigned Integers With Unsigned Saturation
    NP! 0F D5       PMULLW      P,Q         vector         64      all     -                            vector   PMULLW—Multiply Packed Signed Integers and Store Low Result
    66 0F D5        PMULLW      V,W         vector         128     all     -                            vector   PMULLW—Multiply Packed Signed Integers and Store Low Result
    NP! 0F E5       PMULHW      P,Q         vector         64      all     -                            vector   PMULHW—Multiply Packed Signed Integers and Store High Result
    66 0F E5        PMULHW      V,W         vector         128     all     -                            vector   PMULHW—Multiply Packed Signed Integers and Store High Result
    NP! 0F E4       PMULHUW     P,Q         vector         64      all     -                            vector   PMULHUW—Multiply Packed Unsigned Integers and Store High Result
    66 0F E4        PMULHUW     V,W         vector         128     all     -                            vector   PMULHUW—Multiply Packed Unsigned Integers and Store High Result
    NP! 0F F4       PMULUDQ     P,Q         vector         64      all     -                            vector   PMULUDQ—Multiply Packed Unsigned Doubleword Integers
    66 0F F4        PMULUDQ     V,W         vector         128     all     -                            vector   PMULUDQ—Multiply Packed Unsigned Doubleword Integers
    NP! 0F F5       PMADDWD     P,Q         vector         64      all     -                            vector   PMADDWD—Multiply and Add Packed Integers
    66 0F F5        PMADDWD     V,W         vector         128     all     -                            vector   PMADDWD—Multiply and Add Packed Integers
    NP! 0F E0       PAVGB       P,Q         vector         64      all     -                            vector   PAVGB/PAVGW—Average Packed Integers
    66 0F E0        PAVGB       V,W         vector         128     all     -                            vector   PAVGB/PAVGW—Average Packed Integers
    NP! 0F E3       PAVGW       P,Q         vector         64      all     -                            vector   PAVGB/PAVGW—Average Packed Integers
    66 0F E3        PAVGW       V,W         vector         128     all     -                            vector   PAVGB/PAVGW—Average Packed Integers
    NP! 0F F6       PSADBW      P,Q         vector         64      all     -                            vector   PSADBW—Compute Sum of Absolute Differences
    66 0F F6        PSADBW      V,W         vector         128     all     -                            vector   PSADBW—Compute Sum of Absolute Differences
    NP! 0F DA       PMINUB      P,Q         vector         64      all     -                            vector   PMINUB/PMINUW—Minimum of Packed Unsigned Integers
    66 0F DA        PMINUB      V,W         vector         128     all     -                            vector   PMINUB/PMINUW—Minimum of Packed Unsigned Integers
    66 0F 38 3A     PMINUW      V,W         vector         128     all     -                            vector   PMINUB/PMINUW—Minimum of Packed Unsigned Integers
    NP! 0F EA       PMINSW      P,Q         vector         64      all     -                            vector   PMINSB/PMINSW—Minimum of Packed Signed Integers
    66 0F EA        PMINSW      V,W         vector         128     all     -                            vector   PMINSB/PMINSW—Minimum of Packed Signed Integers
    66 0F 38 38     PMINSB      V,W         vector         128     all     -                            vector   PMINSB/PMINSW—Minimum of Packed Signed Integers
    NP! 0F DE       PMAXUB      P,Q         vector         64      all     -                            vector   PMAXUB/PMAXUW—Maximum of Packed Unsigned Integers
    66 0F DE        PMAXUB      V,W         vector         128     all     -                            vector   PMAXUB/PMAXUW—Maximum of Packed Unsigned Integers
    66 0F 38 3E     PMAXUW      V,W         vector         128     all     -                            vector   PMAXUB/PMAXUW—Maximum of Packed Unsigned Integers
    NP! 0F EE       PMAXSW      P,Q         vector         64      all     -                            vector   PMAXSB/PMAXSW/PMAXSD/PMAXSQ—Maximum of Packed Signed Integers
    66 0F EE        PMAXSW      V,W         vector         128     all     -                            vector   PMAXSB/PMAXSW/PMAXSD/PMAXSQ—Maximum of Packed Signed Integers
    66 0F 38 3C     PMAXSB      V,W         vector         128     all     -                            vector   PMAXSB/PMAXSW/PMAXSD/PMAXSQ—Maximum of Packed Signed Integers
    66 0F 38 3D     PMAXSD      V,W         vector         128     all     -                            vector   PMAXSB/PMAXSW/PMAXSD/PMAXSQ—Maximum of Packed Signed Integers
    66 0F 38 39     PMINSD      V,W         vector         128     all     -                            vector   PMINSD/PMINSQ—Minimum of Packed Signed Integers
    66 0F 38 3B     PMINUD      V,W         vector         128     all     -                            vector   PMINUD/PMINUQ—Minimum of Packed Unsigned Integers
    66 0F 38 3F     PMAXUD      V,W         vector         128     all     -                            vector   PMAXUD/PMAXUQ—Maximum of Packed Unsigned Integers
    66 0F 38 40     PMULLD      V,W         vector         128     all     -                            vector   PMULLD/PMULLQ—Multiply Packed Integers and Store Low Result
    66 0F 38 28     PMULDQ      V,W         vector         128     all     -                            vector   PMULDQ—Multiply Packed Doubleword Integers
    66 0F 38 41     PHMINPOSUW  V,W         vector         128     all     -                            vector   PHMINPOSUW—Packed Horizontal Word Minimum
    66 0F 3A 42     MPSADBW     V,W,Ib      vector         128     all     -                            vector   MPSADBW—Compute Multiple Packed Sums of Absolute Difference
    NP! 0F 38 01    PHADDW      P,Q         vector         64      all     -                            vector   PHADDW/PHADDD—Packed Horizontal Add
    66 0F 38 01     PHADDW      V,W         vector         128     all     -                            vector   PHADDW/PHADDD—Packed Horizontal Add
    NP! 0F 38 02    PHADDD      P,Q         vector         64      all     -                            vector   PHADDW/PHADDD—Packed Horizontal Add
    66 0F 38 02     PHADDD      V,W         vector         128     all     -                            vector   PHADDW/PHADDD—Packed Horizontal Add
    NP! 0F 38 03    PHADDSW     P,Q         vector         64      all     -                            vector   PHADDSW—Packed Horizontal Add and Saturate
    66 0F 38 03     PHADDSW     V,W         vector         128     all     -                            vector   PHADDSW—Packed Horizontal Add and Saturate
    NP! 0F 38 05    PHSUBW      P,Q         vector         64      all     -                            vector   PHSUBW/PHSUBD—Packed Horizontal Subtract
    66 0F 38 05     PHSUBW      V,W         vector         128     all     -                            vector   PHSUBW/PHSUBD—Packed Horizontal Subtract
    NP! 0F 38 06    PHSUBD      P,Q         vector         64      all     -                            vector   PHSUBW/PHSUBD—Packed Horizontal Subtract
    66 0F 38 06     PHSUBD      V,W         vector         128     all     -                            vector   PHSUBW/PHSUBD—Packed Horizontal Subtract
    NP! 0F 38 07    PHSUBSW     P,Q         vector         64      all     -                            vector   PHSUBSW—Packed Horizontal Subtract and Saturate
    66 0F 38 07     PHSUBSW     V,W         vector         128     all     -                            vector   PHSUBSW—Packed Horizontal Subtract and Saturate
    NP! 0F 38 04    PMADDUBSW   P,Q         vector         64      all     -                            vector   PMADDUBSW—Multiply and Add Packed Signed and Unsigned Bytes
    66 0F 38 04     PMADDUBSW   V,W         vector         128     all     -                            vector   PMADDUBSW—Multiply and Add Packed Signed and Unsigned Bytes
    NP! 0F 38 0B    PMULHRSW    P,Q         vector         64      all     -                            vector   PMULHRSW—Packed Multiply High With Round and Scale
    66 0F 38 0B     PMULHRSW    V,W         vector         128     all     -                            vector   PMULHRSW—Packed Multiply High With Round and Scale
    NP! 0F 38 08    PSIGNB      P,Q         vector         64      all     -                            vector   PSIGNB/PSIGNW/PSIGND—Packed SIGN
    66 0F 38 08     PSIGNB      V,W         vector         128     all     -                            vector   PSIGNB/PSIGNW/PSIGND—Packed SIGN
    NP! 0F 38 09    PSIGNW      P,Q         vector         64      all     -                            vector   PSIGNB/PSIGNW/PSIGND—Packed SIGN
    66 0F 38 09     PSIGNW      V,W         vector         128     all     -                            vector   PSIGNB/PSIGNW/PSIGND—Packed SIGN
    NP! 0F 38 0A    PSIGND      P,Q         vector         64      all     -                            vector   PSIGNB/PSIGNW/PSIGND—Packed SIGN
    66 0F 38 0A     PSIGND      V,W         vector         128     all     -                            vector   PSIGNB/PSIGNW/PSIGND—Packed SIGN
    NP! 0F 38 1C    PABSB       P,Q         vector         64      all     -                            vector   PABSB/PABSW/PABSD/PABSQ—Packed Absolute Value
    66 0F 38 1C     PABSB       V,W         vector         128     all     -                            vector   PABSB/PABSW/PABSD/PABSQ—Packed Absolute Value
    NP! 0F 38 1D    PABSW       P,Q         vector         64      all     -                            vector   PABSB/PABSW/PABSD/PABSQ—Packed Absolute Value
    66 0F 38 1D     PABSW       V,W         vector         128     all     -                            vector   PABSB/PABSW/PABSD/PABSQ—Packed Absolute Value
    NP! 0F 38 1E    PABSD       P,Q         vector         64      all     -                            vector   PABSB/PABSW/PABSD/PABSQ—Packed Absolute Value
    66 0F 38 1E     PABSD       V,W         vector         128     all     -                            vector   PABSB/PABSW/PABSD/PABSQ—Packed Absolute Value

    # Comparison
    NP! 0F 74       PCMPEQB     P,Q         vector         64      all     -                            vector   PCMPEQB/PCMPEQW/PCMPEQD—Compare Packed Data for Equal
    66 0F 74        PCMPEQB     V,W         vector         128     all     -                            vector   PCMPEQB/PCMPEQW/PCMPEQD—Compare Packed Data for Equal
    NP! 0F 75       PCMPEQW     P,Q         vector         64      all     -                            vector   PCMPEQB/PCMPEQW/PCMPEQD—Compare Packed Data for Equal
    66 0F 75        PCMPEQW     V,W         vector         128     all     -                            vector   PCMPEQB/PCMPEQW/PCMPEQD—Compare Packed Data for Equal
    NP! 0F 76       PCMPEQD     P,Q         vector         64      all     -                            vector   PCMPEQB/PCMPEQW/PCMPEQD—Compare Packed Data for Equal
    66 0F 76        PCMPEQD     V,W         vector         128     all     -                            vector   PCMPEQB/PCMPEQW/PCMPEQD—Compare Packed Data for Equal
    NP! 0F 64       PCMPGTB     P,Q         vector         64      all     -                            vector   PCMPGTB/PCMPGTW/PCMPGTD—Compare Packed Signed Integers for Greater Than
    66 0F 64        PCMPGTB     V,W         vector         128     all     -                            vector   PCMPGTB/PCMPGTW/PCMPGTD—Compare Packed Signed Integers for Greater Than
    NP! 0F 65       PCMPGTW     P,Q         vector         64      all     -                            vector   PCMPGTB/PCMPGTW/PCMPGTD—Compare Packed Signed Integers for Greater Than
    66 0F 65        PCMPGTW     V,W         vector         128     all     -                            vector   PCMPGTB/PCMPGTW/PCMPGTD—Compare Packed Signed Integers for Greater Than
    NP! 0F 66       PCMPGTD     P,Q         vector         64      all     -                            vector   PCMPGTB/PCMPGTW/PCMPGTD—Compare Packed Signed Integers for Greater Than
    66 0F 66        PCMPGTD     V,W         vector         128     all     -                            vector   PCMPGTB/PCMPGTW/PCMPGTD—Compare Packed Signed Integers for Greater Than
    66 0F 38 29     PCMPEQQ     V,W         vector         128     all     -                            vector   PCMPEQQ—Compare Packed Qword Data for Equal
    66 0F 38 37     PCMPGTQ     V,W         vector         128     all     -                            vector   PCMPGTQ—Compare Packed Data for Greater Than

    # Shifts
    NP! 0F F1       PSLLW       P,Q         vector         64      all     -                            vector   PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical
    66 0F F1        PSLLW       V,W         vector         128     all     -                            vector   PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical
    NP! 0F 71 /6    PSLLW       N,Ib        vector         64      all     -                            vector   PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical
    66 0F 71 /6     PSLLW       U,Ib        vector         128     all     -                            vector   PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical
    NP! 0F F2       PSLLD       P,Q         vector         64      all     -                            vector   PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical
    66 0F F2        PSLLD       V,W         vector         128     all     -                            vector   PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical
    NP! 0F 72 /6    PSLLD       N,Ib        vector         64      all     -                            vector   PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical
    66 0F 72 /6     PSLLD       U,Ib        vector         128     all     -                            vector   PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical
    NP! 0F F3       PSLLQ       P,Q         vector         64      all     -                            vector   PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical
    66 0F F3        PSLLQ       V,W         vector         128     all     -                            vector   PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical
    NP! 0F 73 /6    PSLLQ       N,Ib        vector         64      all     -                            vector   PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical
    66 0F 73 /6     PSLLQ       U,Ib        vector         128     all     -                            vector   PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical
    NP! 0F D1       PSRLW       P,Q         vector         64      all     -                            vector   PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical
    66 0F D1        PSRLW       V,W         vector         128     all     -                            vector   PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical
    NP! 0F 71 /2    PSRLW       N,Ib        vector         64      all     -                            vector   PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical
    66 0F 71 /2     PSRLW       U,Ib        vector         128     all     -                            vector   PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical
    NP! 0F D2       PSRLD       P,Q         vector         64      all     -                            vector   PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical
    66 0F D2        PSRLD       V,W         vector         128     all     -                            vector   PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical
    NP! 0F 72 /2    PSRLD       N,Ib        vector         64      all     -                            vector   PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical
    66 0F 72 /2     PSRLD       U,Ib        vector         128     all     -                            vector   PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical
    NP! 0F D3       PSRLQ       P,Q         vector         64      all     -                            vector   PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical
    66 0F D3        PSRLQ       V,W         vector         128     all     -                            vector   PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical
    NP! 0F 73 /2    PSRLQ       N,Ib        vector         64      all     -                            vector   PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical
    66 0F 73 /2     PSRLQ       U,Ib        vector         128     all     -                            vector   PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical
    NP! 0F E1       PSRAW       P,Q         vector         64      all     -                            vector   PSRAW/PSRAD/PSRAQ—Shift Packed Data Right Arithmetic
    66 0F E1        PSRAW       V,W         vector         128     all     -                            vector   PSRAW/PSRAD/PSRAQ—Shift Packed Data Right Arithmetic
    NP! 0F 71 /4    PSRAW       N,Ib        vector         64      all     -                            vector   PSRAW/PSRAD/PSRAQ—Shift Packed Data Right Arithmetic
    66 0F 71 /4     PSRAW       U,Ib        vector         128     all     -                            vector   PSRAW/PSRAD/PSRAQ—Shift Packed Data Right Arithmetic
    NP! 0F E2       PSRAD       P,Q         vector         64      all     -                            vector   PSRAW/PSRAD/PSRAQ—Shift Packed Data Right Arithmetic
    66 0F E2        PSRAD       V,W         vector         128     all     -                            vector   PSRAW/PSRAD/PSRAQ—Shift Packed Data Right Arithmetic
    NP! 0F 72 /4    PSRAD       N,Ib        vector         64      all     -                            vector   PSRAW/PSRAD/PSRAQ—Shift Packed Data Right Arithmetic
    66 0F 72 /4     PSRAD       U,Ib        vector         128     all     -                            vector   PSRAW/PSRAD/PSRAQ—Shift Packed Data Right Arithmetic
    66 0F 73 /7     PSLLDQ      U,Ib        vector         128     all     -                            vector   PSLLDQ—Shift Double Quadword Left Logical
    66 0F 73 /3     PSRLDQ      U,Ib        vector         128     all     -                            vector   PSRLDQ—Shift Double Quadword Right Logical

    # Shuffles, packing, insertion
    NP! 0F 70       PSHUFW      P,Q,Ib      vector         64      all     as=PSHUFLW                   vector   PSHUFW—Shuffle Packed Words
    66 0F 70        PSHUFD      V,W,Ib      vector         128     all     -                            vector   PSHUFD—Shuffle Packed Doublewords
    F3 0F 70        PSHUFHW     V,W,Ib      vector         128     all     -                            vector   PSHUFHW—Shuffle Packed High Words
    F2 0F 70        PSHUFLW     V,W,Ib      vector         128     all     -                            vector   PSHUFLW—Shuffle Packed Low Words
    NP! 0F C6       SHUFPS      V,W,Ib      vector         128     all     -                            vector   SHUFPS—Packed Interleave Shuffle of Quadruplets of Single Precision Floating-Point Values
    66 0F C6        SHUFPD      V,W,Ib      vector         128     all     -                            vector   SHUFPD—Packed Interleave Shuffle of Pairs of Double Precision Floating-Point Values
    NP! 0F 38 00    PSHUFB      P,Q         vector         64      all     -                            vector   PSHUFB—Packed Shuffle Bytes
    66 0F 38 00     PSHUFB      V,W         vector         128     all     -                            vector   PSHUFB—Packed Shuffle Bytes
    NP! 0F 3A 0F    PALIGNR     P,Q,Ib      vector         64      all     -                            vector   PALIGNR—Packed Align Right
    66 0F 3A 0F     PALIGNR     V,W,Ib      vector         128     all     -                            vector   PALIGNR—Packed Align Right
    NP! 0F 60       PUNPCKLBW   P,Q         vector         32      all     -                            vector   PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ—Unpack Low Data
    66 0F 60        PUNPCKLBW   V,W         vector         128     all     -                            vector   PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ—Unpack Low Data
    NP! 0F 61       PUNPCKLWD   P,Q         vector         32      all     -                            vector   PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ—Unpack Low Data
    66 0F 61        PUNPCKLWD   V,W         vector         128     all     -                            vector   PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ—Unpack Low Data
    NP! 0F 62       PUNPCKLDQ   P,Q         vector         32      all     -                            vector   PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ—Unpack Low Data
    66 0F 62        PUNPCKLDQ   V,W         vector         128     all     -                            vector   PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ—Unpack Low Data
    66 0F 6C        PUNPCKLQDQ  V,W         vector         128     all     -                            vector   PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ—Unpack Low Data
    NP! 0F 68       PUNPCKHBW   P,Q         vector         64      all     -                            vector   PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ—Unpack High Data
    66 0F 68        PUNPCKHBW   V,W         vector         128     all     -                            vector   PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ—Unpack High Data
    NP! 0F 69       PUNPCKHWD   P,Q         vector         64      all     -                            vector   PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ—Unpack High Data
    66 0F 69        PUNPCKHWD   V,W         vector         128     all     -                            vector   PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ—Unpack High Data
    NP! 0F 6A       PUNPCKHDQ   P,Q         vector         64      all     -                            vector   PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ—Unpack High Data
    66 0F 6A        PUNPCKHDQ   V,W         vector         128     all     -                            vector   PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ—Unpack High Data
    66 0F 6D        PUNPCKHQDQ  V,W         vector         128     all     -                            vector   PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ—Unpack High Data
    NP! 0F 14       UNPCKLPS    V,W         vector         128     all     as=PUNPCKLDQ                 vector   UNPCKLPS—Unpack and Interleave Low Packed Single Precision Floating-Point Values
    66 0F 14        UNPCKLPD    V,W         vector         128     all     as=PUNPCKLQDQ                vector   UNPCKLPD—Unpack and Interleave Low Packed Double Precision Floating-Point Values
    NP! 0F 15       UNPCKHPS    V,W         vector         128     all     as=PUNPCKHDQ                 vector   UNPCKHPS—Unpack and Interleave High Packed Single Precision Floating-Point Values
    66 0F 15        UNPCKHPD    V,W         vector         128     all     as=PUNPCKHQDQ                vector   UNPCKHPD—Unpack and Interleave High Packed Double Precision Floating-Point Values
    NP! 0F 63       PACKSSWB    P,Q         vector         64      all     -                            vector   PACKSSWB/PACKSSDW—Pack With Signed Saturation
    66 0F 63        PACKSSWB    V,W         vector         128     all     -                            vector   PACKSSWB/PACKSSDW—Pack With Signed Saturation
    NP! 0F 6B       PACKSSDW    P,Q         vector         64      all     -                            vector   PACKSSWB/PACKSSDW—Pack With Signed Saturation
    66 0F 6B        PACKSSDW    V,W         vector         128     all     -                            vector   PACKSSWB/PACKSSDW—Pack With Signed Saturation
    NP! 0F 67       PACKUSWB    P,Q         vector         64      all     -                            vector   PACKUSWB—Pack With Unsigned Saturation
    66 0F 67        PACKUSWB    V,W         vector         128     all     -                            vector   PACKUSWB—Pack With Unsigned Saturation
    66 0F 38 2B     PACKUSDW    V,W         vector         128     all     -                            vector   PACKUSDW—Pack With Unsigned Saturation
    NP! 0F C4       PINSRW      P,Ed,Ib     vectorInsert   16      all     as=PINSR                     vector   PINSRW—Insert Word
    66 0F C4        PINSRW      V,Ed,Ib     vectorInsert   16      all     as=PINSR                     vector   PINSRW—Insert Word
    66 0F 3A 20     PINSRB      V,Ed,Ib     vectorInsert   8       all     as=PINSR                     vector   PINSRB/PINSRD/PINSRQ—Insert Byte/Dword/Qword
    66 0F 3A 22     PINSRD      V,Ey,Ib     vectorInsert   32,64   all     as=PINSR                     vector   PINSRB/PINSRD/PINSRQ—Insert Byte/Dword/Qword
    NP! 0F C5       PEXTRW      Gd,N,Ib     vectorExtract  16      all     as=PEXTR                     vector   PEXTRW—Extract Word
    66 0F C5        PEXTRW      Gd,U,Ib     vectorExtract  16      all     as=PEXTR                     vector   PEXTRW—Extract Word
    66 0F 3A 15     PEXTRW      Ed,V,Ib     vectorExtract  16      all     as=PEXTR                     vector   PEXTRW—Extract Word
    66 0F 3A 14     PEXTRB      Ed,V,Ib     vectorExtract  8       all     as=PEXTR                     vector   PEXTRB/PEXTRD/PEXTRQ—Extract Byte/Dword/Qword
    66 0F 3A 16     PEXTRD      Ey,V,Ib     vectorExtract  32,64   all     as=PEXTR                     vector   PEXTRB/PEXTRD/PEXTRQ—Extract Byte/Dword/Qword
    66 0F 3A 17     EXTRACTPS   Ed,V,Ib     vectorExtract  32      all     as=PEXTR                     vector   EXTRACTPS—Extract Packed Floating-Point Values
    66 0F 3A 21     INSERTPS    V,U,Ib      vector         128     all     -                            vector   INSERTPS—Insert Scalar Single Precision Floating-Point Value
    66 0F 3A 21     INSERTPS    V,M,Ib      vector         32      all     as=INSERTPSLow               vector   INSERTPS—Insert Scalar Single Precision Floating-Point Value
    66 0F 38 20     PMOVSXBW    V,W         vector         64      all     -                            vector   PMOVSX—Packed Move With Sign Extend
    66 0F 38 21     PMOVSXBD    V,W         vector         32      all     -                            vector   PMOVSX—Packed Move With Sign Extend
    66 0F 38 22     PMOVSXBQ    V,W         vector         16      all     -                            vector   PMOVSX—Packed Move With Sign Extend
    66 0F 38 23     PMOVSXWD    V,W         vector         64      all     -                            vector   PMOVSX—Packed Move With Sign Extend
    66 0F 38 24     PMOVSXWQ    V,W         vector         32      all     -                            vector   PMOVSX—Packed Move With Sign Extend
    66 0F 38 25     PMOVSXDQ    V,W         vector         64      all     -                            vector   PMOVSX—Packed Move With Sign Extend
    66 0F 38 30     PMOVZXBW    V,W         vector         64      all     -                            vector   PMOVZX—Packed Move With Zero Extend
    66 0F 38 31     PMOVZXBD    V,W         vector         32      all     -                            vector   PMOVZX—Packed Move With Zero Extend
    66 0F 38 32     PMOVZXBQ    V,W         vector         16      all     -                            vector   PMOVZX—Packed Move With Zero Extend
    66 0F 38 33     PMOVZXWD    V,W         vector         64      all     -                            vector   PMOVZX—Packed Move With Zero Extend
    66 0F 38 34     PMOVZXWQ    V,W         vector         32      all     -                            vector   PMOVZX—Packed Move With Zero Extend
    66 0F 38 35     PMOVZXDQ    V,W         vector         64      all     -                            vector   PMOVZX—Packed Move With Zero Extend
    66 0F 38 10     PBLENDVB    V,W         vector         128     all     -                            vector   PBLENDVB—Variable Blend Packed Bytes
    66 0F 38 14     BLENDVPS    V,W         vector         128     all     -                            vector   BLENDVPS—Variable Blend Packed Single Precision Floating-Point Values
    66 0F 38 15     BLENDVPD    V,W         vector         128     all     -                            vector   BLENDVPD—Variable Blend Packed Double Precision Floating-Point Values
    66 0F 3A 0E     PBLENDW     V,W,Ib      vector         128     all     -                            vector   PBLENDW—Blend Packed Words
    66 0F 3A 0C     BLENDPS     V,W,Ib      vector         128     all     -                            vector   BLENDPS—Blend Packed Single Precision Floating-Point Values
    66 0F 3A 0D     BLENDPD     V,W,Ib      vector         128     all     -                            vector   BLENDPD—Blend Packed Double Precision Floating-Point Values

    # State
    NP! 0F 77       EMMS        -           plain          -       all     mmx                          state    EMMS—Empty MMX Technology State
    9B              WAIT        -           plain          -       all     as=fwait                     state    WAIT/FWAIT—Wait
    DB /4!2         FNCLEX      -           plain          -       all     x87                          state    FCLEX/FNCLEX—Clear Exceptions
    DB /4!3         FNINIT      -           plain          -       all     x87                          state    FINIT/FNINIT—Initialize Floating-Point Unit
    D9 /5           FLDCW       M           plain          -       all     reads,waiting,bytes=2        state    FLDCW—Load x87 FPU Control Word
    D9 /7           FNSTCW      M           plain          -       all     x87,bytes=2                  state    FSTCW/FNSTCW—Store x87 FPU Control Word
    DD /7           FNSTSW      M           plain          -       all     x87,bytes=2                  state    FSTSW/FNSTSW—Store x87 FPU Status Word
    DF /4!0         FNSTSW      -           plain          -       all     x87,as=fnstswAX              state    FSTSW/FNSTSW—Store x87 FPU Status Word
    D9 /2!0         FNOP        -           plain          -       all     waiting                      float    FNOP—No Operation
    D9 /4           FLDENV      M           sized          16,32   all     ends,reads,waiting,bytes=28,bytes16=14   state    FLDENV—Load x87 FPU Environment
    D9 /6           FNSTENV     M           sized          16,32   all     ends,x87,bytes=28,bytes16=14             state    FSTENV/FNSTENV—Store x87 FPU Environment
    D9 /6!6         FDECSTP     -           plain          -       all     waiting                      float    FDECSTP—Decrement Stack-Top Pointer
    D9 /6!7         FINCSTP     -           plain          -       all     waiting                      float    FINCSTP—Increment Stack-Top Pointer
    DD /4           FRSTOR      M           sized          16,32   all     ends,reads,waiting,bytes=108,bytes16=94  state    FRSTOR—Restore x87 FPU State
    DD /6           FNSAVE      M           sized          16,32   all     ends,x87,bytes=108,bytes16=94            state    FSAVE/FNSAVE—Store x87 FPU State
    DD /0           FFREE       ST          plain          -       all     waiting                      float    FFREE—Free Floating-Point Register
    NP! 0F AE /2    LDMXCSR     M           plain          -       all     reads,sse,bytes=4            state    LDMXCSR—Load MXCSR Register
    NP! 0F AE /3    STMXCSR     M           plain          -       all     sse,bytes=4                  state    STMXCSR—Store MXCSR Register State
    NP! 0F AE /0    FXSAVE      M           sized          32,64   all     ends,fxsave,bytes=512        state    FXSAVE—Save x87 FPU, MMX Technology, and SSE State
    NP! 0F AE /1    FXRSTOR     M           sized          32,64   all     ends,reads,fxsave,bytes=512  state    FXRSTOR—Restore x87 FPU, MMX, XMM, and MXCSR State
    NP! 0F AE /4    XSAVE       M           sized          32,64   all     ends,xsave,bytes=576         state    XSAVE—Save Processor Extended States
    NP! 0F AE /5    XRSTOR      M           sized          32,64   all     ends,reads,xsave,bytes=576   state    XRSTOR—Restore Processor Extended States
    NP! 0F AE /6    XSAVEOPT    M           sized          32,64   all     ends,xsave,bytes=576         state    XSAVEOPT—Save Processor Extended States Optimized
    NP! 0F C7 /3    XRSTORS     M           sized          32,64   all     ends,reads,xsave,bytes=576   state    XRSTORS—Restore Processor Extended States Supervisor
    NP! 0F C7 /4    XSAVEC      M           sized          32,64   all     ends,xsave,bytes=576         state    XSAVEC—Save Processor Extended States With Compaction
    NP! 0F C7 /5    XSAVES      M           sized          32,64   all     ends,xsave,bytes=576         state    XSAVES—Save Processor Extended States Supervisor
    NP! 0F 01 /2!0  XGETBV      -           plain          -       all     ends                         state    XGETBV—Get Value of Extended Control Register
    NP! 0F 01 /2!1  XSETBV      -           plain          -       all     ends                         state    XSETBV—Set Extended Control Register

    # Floating-point arithmetic and comparison in XMM registers: not built
    NP! 0F 51       SQRTPS      V,W         refused        -       all     ends                         vector   SQRTPS—Square Root of Packed Single Precision Floating-Point Values
    66 0F 51        SQRTPD      V,W         refused        -       all     ends                         vector   SQRTPD—Square Root of Packed Double Precision Floating-Point Values
    F3 0F 51        SQRTSS      V,W         refused        -       all     ends                         vector   SQRTSS—Square Root of Scalar Single Precision Floating-Point Values
    F2 0F 51        SQRTSD      V,W         refused        -       all     ends                         vector   SQRTSD—Square Root of Scalar Double Precision Floating-Point Values
    NP! 0F 52       RSQRTPS     V,W         refused        -       all     ends                         vector   RSQRTPS—Compute Reciprocals of Square Roots of Packed Single Precision Floating-Point Values
    F3 0F 52        RSQRTSS     V,W         refused        -       all     ends                         vector   RSQRTSS—Compute Reciprocals of Square Roots of Scalar Single Precision Floating-Point Values
    NP! 0F 53       RCPPS       V,W         refused        -       all     ends                         vector   RCPPS—Compute Reciprocals of Packed Single Precision Floating-Point Values
    F3 0F 53        RCPSS       V,W         refused        -       all     ends                         vector   RCPSS—Compute Reciprocals of Scalar Single Precision Floating-Point Values
    NP! 0F 58       ADDPS       V,W         refused        -       all     ends                         vector   ADDPS—Add Packed Single Precision Floating-Point Values
    66 0F 58        ADDPD       V,W         refused        -       all     ends                         vector   ADDPD—Add Packed Double Precision Floating-Point Values
    F3 0F 58        ADDSS       V,W         refused        -       all     ends                         vector   ADDSS—Add Scalar Single Precision Floating-Point Values
    F2 0F 58        ADDSD       V,W         refused        -       all     ends                         vector   ADDSD—Add Scalar Double Precision Floating-Point Values
    NP! 0F 59       MULPS       V,W         refused        -       all     ends                         vector   MULPS—Multiply Packed Single Precision Floating-Point Values
    66 0F 59        MULPD       V,W         refused        -       all     ends                         vector   MULPD—Multiply Packed Double Precision Floating-Point Values
    F3 0F 59        MULSS       V,W         refused        -       all     ends                         vector   MULSS—Multiply Scalar Single Precision Floating-Point Values
    F2 0F 59        MULSD       V,W         refused        -       all     ends                         vector   MULSD—Multiply Scalar Double Precision Floating-Point Values
    NP! 0F 5C       SUBPS       V,W         refused        -       all     ends                         vector   SUBPS—Subtract Packed Single Precision Floating-Point Values
    66 0F 5C        SUBPD       V,W         refused        -       all     ends                         vector   SUBPD—Subtract Packed Double Precision Floating-Point Values
    F3 0F 5C        SUBSS       V,W         refused        -       all     ends                         vector   SUBSS—Subtract Scalar Single Precision Floating-Point Values
    F2 0F 5C        SUBSD       V,W         refused        -       all     ends                         vector   SUBSD—Subtract Scalar Double Precision Floating-Point Values
    NP! 0F 5D       MINPS       V,W         refused        -       all     ends                         vector   MINPS—Minimum of Packed Single Precision Floating-Point Values
    66 0F 5D        MINPD       V,W         refused        -       all     ends                         vector   MINPD—Minimum of Packed Double Precision Floating-Point Values
    F3 0F 5D        MINSS       V,W         refused        -       all     ends                         vector   MINSS—Minimum of Scalar Single Precision Floating-Point Values
    F2 0F 5D        MINSD       V,W         refused        -       all     ends                         vector   MINSD—Minimum of Scalar Double Precision Floating-Point Values
    NP! 0F 5E       DIVPS       V,W         refused        -       all     ends                         vector   DIVPS—Divide Packed Single Precision Floating-Point Values
    66 0F 5E        DIVPD       V,W         refused        -       all     ends                         vector   DIVPD—Divide Packed Double Precision Floating-Point Values
    F3 0F 5E        DIVSS       V,W         refused        -       all     ends                         vector   DIVSS—Divide Scalar Single Precision Floating-Point Values
    F2 0F 5E        DIVSD       V,W         refused        -       all     ends                         vector   DIVSD—Divide Scalar Double Precision Floating-Point Values
    NP! 0F 5F       MAXPS       V,W         refused        -       all     ends                         vector   MAXPS—Maximum of Packed Single Precision Floating-Point Values
    66 0F 5F        MAXPD       V,W         refused        -       all     ends                         vector   MAXPD—Maximum of Packed Double Precision Floating-Point Values
    F3 0F 5F        MAXSS       V,W         refused        -       all     ends                         vector   MAXSS—Maximum of Scalar Single Precision Floating-Point Values
    F2 0F 5F        MAXSD       V,W         refused        -       all     ends                         vector   MAXSD—Maximum of Scalar Double Precision Floating-Point Values
    NP! 0F C2       CMPPS       V,W,Ib      refused        -       all     ends                         vector   CMPPS—Compare Packed Single Precision Floating-Point Values
    66 0F C2        CMPPD       V,W,Ib      refused        -       all     ends                         vector   CMPPD—Compare Packed Double Precision Floating-Point Values
    F3 0F C2        CMPSS       V,W,Ib      refused        -       all     ends                         vector   CMPSS—Compare Scalar Single Precision Floating-Point Values
    F2 0F C2        CMPSD       V,W,Ib      refused        -       all     ends                         vector   CMPSD—Compare Scalar Double Precision Floating-Point Values
    NP! 0F 2E       UCOMISS     V,W         refused        -       all     ends                         vector   UCOMISS—Unordered Compare Scalar Single Precision Floating-Point Values and Set EFLAGS
    NP! 0F 2F       COMISS      V,W         refused        -       all     ends                         vector   COMISS—Compare Scalar Single Precision Floating-Point Values and Set EFLAGS
    66 0F 2E        UCOMISD     V,W         refused        -       all     ends                         vector   UCOMISD—Unordered Compare Scalar Double Precision Floating-Point Values and Set EFLAGS
    66 0F 2F        COMISD      V,W         refused        -       all     ends                         vector   COMISD—Compare Scalar Double Precision Floating-Point Values and Set EFLAGS
    NP! 0F 2A       CVTPI2PS    V,Q         refused        -       all     ends                         vector   CVTPI2PS—Convert Packed Dword Integers to Packed Floating-Point Values
    66 0F 2A        CVTPI2PD    V,Q         refused        -       all     ends                         vector   CVTPI2PD—Convert Packed Dword Integers to Packed Floating-Point Values
    F3 0F 2A        CVTSI2SS    V,Ey        refused        -       all     ends                         vector   CVTSI2SS—Convert Doubleword Integer to Scalar Floating-Point Value
    F2 0F 2A        CVTSI2SD    V,Ey        refused        -       all     ends                         vector   CVTSI2SD—Convert Doubleword Integer to Scalar Floating-Point Value
    NP! 0F 2C       CVTTPS2PI   P,W         refused        -       all     ends                         vector   CVTTPS2PI—Convert Packed Floating-Point Values to Packed Dword Integers
    66 0F 2C        CVTTPD2PI   P,W         refused        -       all     ends                         vector   CVTTPD2PI—Convert Packed Floating-Point Values to Packed Dword Integers
    F3 0F 2C        CVTTSS2SI   Gy,W        refused        -       all     ends                         vector   CVTTSS2SI—Convert Scalar Floating-Point Value to Doubleword Integer
    F2 0F 2C        CVTTSD2SI   Gy,W        refused        -       all     ends                         vector   CVTTSD2SI—Convert Scalar Floating-Point Value to Doubleword Integer
    NP! 0F 2D       CVTPS2PI    P,W         refused        -       all     ends                         vector   CVTPS2PI—Convert Packed Floating-Point Values to Packed Dword Integers
    66 0F 2D        CVTPD2PI    P,W         refused        -       all     ends                         vector   CVTPD2PI—Convert Packed Floating-Point Values to Packed Dword Integers
    F3 0F 2D        CVTSS2SI    Gy,W        refused        -       all     ends                         vector   CVTSS2SI—Convert Scalar Floating-Point Value to Doubleword Integer
    F2 0F 2D        CVTSD2SI    Gy,W        refused        -       all     ends                         vector   CVTSD2SI—Convert Scalar Floating-Point Value to Doubleword Integer
    NP! 0F 5A       CVTPS2PD    V,W         refused        -       all     ends                         vector   CVTPS2PD—Convert Between Floating-Point Precisions
    66 0F 5A        CVTPD2PS    V,W         refused        -       all     ends                         vector   CVTPD2PS—Convert Between Floating-Point Precisions
    F3 0F 5A        CVTSS2SD    V,W         refused        -       all     ends                         vector   CVTSS2SD—Convert Between Floating-Point Precisions
    F2 0F 5A        CVTSD2SS    V,W         refused        -       all     ends                         vector   CVTSD2SS—Convert Between Floating-Point Precisions
    NP! 0F 5B       CVTDQ2PS    V,W         refused        -       all     ends                         vector   CVTDQ2PS—Convert Between Packed Doublewords and Packed Single Precision Values
    66 0F 5B        CVTPS2DQ    V,W         refused        -       all     ends                         vector   CVTPS2DQ—Convert Between Packed Doublewords and Packed Single Precision Values
    F3 0F 5B        CVTTPS2DQ   V,W         refused        -       all     ends                         vector   CVTTPS2DQ—Convert Between Packed Doublewords and Packed Single Precision Values
    66 0F E6        CVTTPD2DQ   V,W         refused        -       all     ends                         vector   CVTTPD2DQ—Convert Between Packed Doublewords and Packed Double Precision Values
    F3 0F E6        CVTDQ2PD    V,W         refused        -       all     ends                         vector   CVTDQ2PD—Convert Between Packed Doublewords and Packed Double Precision Values
    F2 0F E6        CVTPD2DQ    V,W         refused        -       all     ends                         vector   CVTPD2DQ—Convert Between Packed Doublewords and Packed Double Precision Values
    66 0F 7C        HADDPD      V,W         refused        -       all     ends                         vector   HADDPD—Horizontal Add Packed Double Precision Floating-Point Values
    F2 0F 7C        HADDPS      V,W         refused        -       all     ends                         vector   HADDPS—Horizontal Add Packed Single Precision Floating-Point Values
    66 0F 7D        HSUBPD      V,W         refused        -       all     ends                         vector   HSUBPD—Horizontal Subtract Packed Double Precision Floating-Point Values
    F2 0F 7D        HSUBPS      V,W         refused        -       all     ends                         vector   HSUBPS—Horizontal Subtract Packed Single Precision Floating-Point Values
    66 0F D0        ADDSUBPD    V,W         refused        -       all     ends                         vector   ADDSUBPD—Add/Subtract Packed Double Precision Floating-Point Values
    F2 0F D0        ADDSUBPS    V,W         refused        -       all     ends                         vector   ADDSUBPS—Add/Subtract Packed Single Precision Floating-Point Values
    66 0F 3A 08     ROUNDPS     V,W,Ib      refused        -       all     ends                         vector   ROUNDPS—Round Packed Single Precision Floating-Point Values
    66 0F 3A 09     ROUNDPD     V,W,Ib      refused        -       all     ends                         vector   ROUNDPD—Round Packed Double Precision Floating-Point Values
    66 0F 3A 0A     ROUNDSS     V,W,Ib      refused        -       all     ends                         vector   ROUNDSS—Round Scalar Single Precision Floating-Point Values
    66 0F 3A 0B     ROUNDSD     V,W,Ib      refused        -       all     ends                         vector   ROUNDSD—Round Scalar Double Precision Floating-Point Values
    66 0F 3A 40     DPPS        V,W,Ib      refused        -       all     ends                         vector   DPPS—Dot Product of Packed Single Precision Floating-Point Values
    66 0F 3A 41     DPPD        V,W,Ib      refused        -       all     ends                         vector   DPPD—Dot Product of Packed Double Precision Floating-Point Values
    66 0F 3A 60     PCMPESTRM   V,W,Ib      refused        -       all     ends                         vector   PCMPESTRM—Packed Compare Explicit Length Strings, Return Mask
    66 0F 3A 61     PCMPESTRI   V,W,Ib      refused        -       all     ends                         vector   PCMPESTRI—Packed Compare Explicit Length Strings, Return Index
    66 0F 3A 62     PCMPISTRM   V,W,Ib      refused        -       all     ends                         vector   PCMPISTRM—Packed Compare Implicit Length Strings, Return Mask
    66 0F 3A 63     PCMPISTRI   V,W,Ib      refused        -       all     ends                         vector   PCMPISTRI—Packed Compare Implicit Length Strings, Return Index

    # x87: not built
    D8 /0           FADD        Ed          refused        -       all     ends                         float    FADD/FADDP/FIADD—Add
    D8 /1           FMUL        Ed          refused        -       all     ends                         float    FMUL/FMULP/FIMUL—Multiply
    D8 /2           FCOM        Ed          refused        -       all     ends                         float    FCOM/FCOMP/FCOMPP—Compare Floating-Point Values
    D8 /3           FCOMP       Ed          refused        -       all     ends                         float    FCOM/FCOMP/FCOMPP—Compare Floating-Point Values
    D8 /4           FSUB        Ed          refused        -       all     ends                         float    FSUB/FSUBP/FISUB—Subtract
    D8 /5           FSUBR       Ed          refused        -       all     ends                         float    FSUBR/FSUBRP/FISUBR—Reverse Subtract
    D8 /6           FDIV        Ed          refused        -       all     ends                         float    FDIV/FDIVP/FIDIV—Divide
    D8 /7           FDIVR       Ed          refused        -       all     ends                         float    FDIVR/FDIVRP/FIDIVR—Reverse Divide
    D9 /0           FLD         Ed          refused        -       all     ends                         float    FLD—Load Floating-Point Value
    D9 /1           FXCH        ST          refused        -       all     ends                         float    FXCH—Exchange Register Contents
    D9 /2           FST         M           refused        -       all     ends                         float    FST/FSTP—Store Floating-Point Value
    D9 /3           FSTP        M           refused        -       all     ends                         float    FST/FSTP—Store Floating-Point Value
    D9 /4!0         FCHS        -           refused        -       all     ends                         float    FCHS—Change Sign
    D9 /4!1         FABS        -           refused        -       all     ends                         float    FABS—Absolute Value
    D9 /4!4         FTST        -           refused        -       all     ends                         float    FTST—TEST
    D9 /4!5         FXAM        -           refused        -       all     ends                         float    FXAM—Examine Floating-Point
    D9 /5!0         FLD1        -           refused        -       all     ends                         float    FLD1/FLDL2T/FLDL2E/FLDPI/FLDLG2/FLDLN2/FLDZ—Load Constant
    D9 /5!1         FLDL2T      -           refused        -       all     ends                         float    FLD1/FLDL2T/FLDL2E/FLDPI/FLDLG2/FLDLN2/FLDZ—Load Constant
    D9 /5!2         FLDL2E      -           refused        -       all     ends                         float    FLD1/FLDL2T/FLDL2E/FLDPI/FLDLG2/FLDLN2/FLDZ—Load Constant
    D9 /5!3         FLDPI       -           refused        -       all     ends                         float    FLD1/FLDL2T/FLDL2E/FLDPI/FLDLG2/FLDLN2/FLDZ—Load Constant
    D9 /5!4         FLDLG2      -           refused        -       all     ends                         float    FLD1/FLDL2T/FLDL2E/FLDPI/FLDLG2/FLDLN2/FLDZ—Load Constant
    D9 /5!5         FLDLN2      -           refused        -       all     ends                         float    FLD1/FLDL2T/FLDL2E/FLDPI/FLDLG2/FLDLN2/FLDZ—Load Constant
    D9 /5!6         FLDZ        -           refused        -       all     ends                         float    FLD1/FLDL2T/FLDL2E/FLDPI/FLDLG2/FLDLN2/FLDZ—Load Constant
    D9 /6!0         F2XM1       -           refused        -       all     ends                         float    F2XM1—Compute 2 to the x Minus 1
    D9 /6!1         FYL2X       -           refused        -       all     ends                         float    FYL2X—Compute y Times log2 x
    D9 /6!2         FPTAN       -           refused        -       all     ends                         float    FPTAN—Partial Tangent
    D9 /6!3         FPATAN      -           refused        -       all     ends                         float    FPATAN—Partial Arctangent
    D9 /6!4         FXTRACT     -           refused        -       all     ends                         float    FXTRACT—Extract Exponent and Significand
    D9 /6!5         FPREM1      -           refused        -       all     ends                         float    FPREM1—Partial Remainder
    D9 /7!0         FPREM       -           refused        -       all     ends                         float    FPREM—Partial Remainder
    D9 /7!1         FYL2XP1     -           refused        -       all     ends                         float    FYL2XP1—Compute y Times log2 of x Plus 1
    D9 /7!2         FSQRT       -           refused        -       all     ends                         float    FSQRT—Square Root
    D9 /7!3         FSINCOS     -           refused        -       all     ends                         float    FSINCOS—Sine and Cosine
    D9 /7!4         FRNDINT     -           refused        -       all     ends                         float    FRNDINT—Round to Integer
    D9 /7!5         FSCALE      -           refused        -       all     ends                         float    FSCALE—Scale
    D9 /7!6         FSIN        -           refused        -       all     ends                         float    FSIN—Sine
    D9 /7!7         FCOS        -           refused        -       all     ends                         float    FCOS—Cosine
    DA /0           FIADD       M           refused        -       all     ends                         float    FADD/FADDP/FIADD—Add
    DA /1           FIMUL       M           refused        -       all     ends                         float    FMUL/FMULP/FIMUL—Multiply
    DA /2           FICOM       M           refused        -       all     ends                         float    FICOM/FICOMP—Compare Integer
    DA /3           FICOMP      M           refused        -       all     ends                         float    FICOM/FICOMP—Compare Integer
    DA /4           FISUB       M           refused        -       all     ends                         float    FSUB/FSUBP/FISUB—Subtract
    DA /5           FISUBR      M           refused        -       all     ends                         float    FSUBR/FSUBRP/FISUBR—Reverse Subtract
    DA /6           FIDIV       M           refused        -       all     ends                         float    FDIV/FDIVP/FIDIV—Divide
    DA /7           FIDIVR      M           refused        -       all     ends                         float    FDIVR/FDIVRP/FIDIVR—Reverse Divide
    DA /0           FCMOVB      ST          refused        -       all     ends                         float    FCMOVcc—Floating-Point Conditional Move
    DA /1           FCMOVE      ST          refused        -       all     ends                         float    FCMOVcc—Floating-Point Conditional Move
    DA /2           FCMOVBE     ST          refused        -       all     ends                         float    FCMOVcc—Floating-Point Conditional Move
    DA /3           FCMOVU      ST          refused        -       all     ends                         float    FCMOVcc—Floating-Point Conditional Move
    DA /5!1         FUCOMPP     -           refused        -       all     ends                         float    FUCOM/FUCOMP/FUCOMPP—Unordered Compare Floating-Point Values
    DB /0           FILD        M           refused        -       all     ends                         float    FILD—Load Integer
    DB /1           FISTTP      M           refused        -       all     ends                         float    FISTTP—Store Integer With Truncation
    DB /2           FIST        M           refused        -       all     ends                         float    FIST/FISTP—Store Integer
    DB /3           FISTP       M           refused        -       all     ends                         float    FIST/FISTP—Store Integer
    DB /5           FLD         M           refused        -       all     ends                         float    FLD—Load Floating-Point Value
    DB /7           FSTP        M           refused        -       all     ends                         float    FST/FSTP—Store Floating-Point Value
    DB /0           FCMOVNB     ST          refused        -       all     ends                         float    FCMOVcc—Floating-Point Conditional Move
    DB /1           FCMOVNE     ST          refused        -       all     ends                         float    FCMOVcc—Floating-Point Conditional Move
    DB /2           FCMOVNBE    ST          refused        -       all     ends                         float    FCMOVcc—Floating-Point Conditional Move
    DB /3           FCMOVNU     ST          refused        -       all     ends                         float    FCMOVcc—Floating-Point Conditional Move
    DB /5           FUCOMI      ST          refused        -       all     ends                         float    FCOMI/FCOMIP/FUCOMI/FUCOMIP—Compare Floating-Point Values and Set EFLAGS
    DB /6           FCOMI       ST          refused        -       all     ends                         float    FCOMI/FCOMIP/FUCOMI/FUCOMIP—Compare Floating-Point Values and Set EFLAGS
    DC /0           FADD        M           refused        -       all     ends                         float    FADD/FADDP/FIADD—Add
    DC /1           FMUL        M           refused        -       all     ends                         float    FMUL/FMULP/FIMUL—Multiply
    DC /2           FCOM        M           refused        -       all     ends                         float    FCOM/FCOMP/FCOMPP—Compare Floating-Point Values
    DC /3           FCOMP       M           refused        -       all     ends                         float    FCOM/FCOMP/FCOMPP—Compare Floating-Point Values
    DC /4           FSUB        M           refused        -       all     ends                         float    FSUB/FSUBP/FISUB—Subtract
    DC /5           FSUBR       M           refused        -       all     ends                         float    FSUBR/FSUBRP/FISUBR—Reverse Subtract
    DC /6           FDIV        M           refused        -       all     ends                         float    FDIV/FDIVP/FIDIV—Divide
    DC /7           FDIVR       M           refused        -       all     ends                         float    FDIVR/FDIVRP/FIDIVR—Reverse Divide
    DC /0           FADD        ST          refused        -       all     ends                         float    FADD/FADDP/FIADD—Add
    DC /1           FMUL        ST          refused        -       all     ends                         float    FMUL/FMULP/FIMUL—Multiply
    DC /4           FSUBR       ST          refused        -       all     ends                         float    FSUBR/FSUBRP/FISUBR—Reverse Subtract
    DC /5           FSUB        ST          refused        -       all     ends                         float    FSUB/FSUBP/FISUB—Subtract
    DC /6           FDIVR       ST          refused        -       all     ends                         float    FDIVR/FDIVRP/FIDIVR—Reverse Divide
    DC /7           FDIV        ST          refused        -       all     ends                         float    FDIV/FDIVP/FIDIV—Divide
    DD /0           FLD         M           refused        -       all     ends                         float    FLD—Load Floating-Point Value
    DD /1           FISTTP      M           refused        -       all     ends                         float    FISTTP—Store Integer With Truncation
    DD /2           FST         M           refused        -       all     ends                         float    FST/FSTP—Store Floating-Point Value
    DD /3           FSTP        M           refused        -       all     ends                         float    FST/FSTP—Store Floating-Point Value
    DD /2           FST         ST          refused        -       all     ends                         float    FST/FSTP—Store Floating-Point Value
    DD /3           FSTP        ST          refused        -       all     ends                         float    FST/FSTP—Store Floating-Point Value
    DD /4           FUCOM       ST          refused        -       all     ends                         float    FUCOM/FUCOMP/FUCOMPP—Unordered Compare Floating-Point Values
    DD /5           FUCOMP      ST          refused        -       all     ends                         float    FUCOM/FUCOMP/FUCOMPP—Unordered Compare Floating-Point Values
    DE /0           FIADD       M           refused        -       all     ends                         float    FADD/FADDP/FIADD—Add
    DE /1           FIMUL       M           refused        -       all     ends                         float    FMUL/FMULP/FIMUL—Multiply
    DE /2           FICOM       M           refused        -       all     ends                         float    FICOM/FICOMP—Compare Integer
    DE /3           FICOMP      M           refused        -       all     ends                         float    FICOM/FICOMP—Compare Integer
    DE /4           FISUB       M           refused        -       all     ends                         float    FSUB/FSUBP/FISUB—Subtract
    DE /5           FISUBR      M           refused        -       all     ends                         float    FSUBR/FSUBRP/FISUBR—Reverse Subtract
    DE /6           FIDIV       M           refused        -       all     ends                         float    FDIV/FDIVP/FIDIV—Divide
    DE /7           FIDIVR      M           refused        -       all     ends                         float    FDIVR/FDIVRP/FIDIVR—Reverse Divide
    DE /0           FADDP       ST          refused        -       all     ends                         float    FADD/FADDP/FIADD—Add
    DE /1           FMULP       ST          refused        -       all     ends                         float    FMUL/FMULP/FIMUL—Multiply
    DE /4           FSUBRP      ST          refused        -       all     ends                         float    FSUBR/FSUBRP/FISUBR—Reverse Subtract
    DE /5           FSUBP       ST          refused        -       all     ends                         float    FSUB/FSUBP/FISUB—Subtract
    DE /6           FDIVRP      ST          refused        -       all     ends                         float    FDIVR/FDIVRP/FIDIVR—Reverse Divide
    DE /7           FDIVP       ST          refused        -       all     ends                         float    FDIV/FDIVP/FIDIV—Divide
    DE /3!1         FCOMPP      -           refused        -       all     ends                         float    FCOM/FCOMP/FCOMPP—Compare Floating-Point Values
    DF /0           FILD        M           refused        -       all     ends                         float    FILD—Load Integer
    DF /1           FISTTP      M           refused        -       all     ends                         float    FISTTP—Store Integer With Truncation
    DF /2           FIST        M           refused        -       all     ends                         float    FIST/FISTP—Store Integer
    DF /3           FISTP       M           refused        -       all     ends                         float    FIST/FISTP—Store Integer
    DF /4           FBLD        M           refused        -       all     ends                         float    FBLD—Load Binary Coded Decimal
    DF /5           FILD        M           refused        -       all     ends                         float    FILD—Load Integer
    DF /6           FBSTP       M           refused        -       all     ends                         float    FBSTP—Store BCD Integer and Pop
    DF /7           FISTP       M           refused        -       all     ends                         float    FIST/FISTP—Store Integer
    DF /5           FUCOMIP     ST          refused        -       all     ends                         float    FCOMI/FCOMIP/FUCOMI/FUCOMIP—Compare Floating-Point Values and Set EFLAGS
    DF /6           FCOMIP      ST          refused        -       all     ends                         float    FCOMI/FCOMIP/FUCOMI/FUCOMIP—Compare Floating-Point Values and Set EFLAGS
    """
}
