"""The installed edition as cloud-init brings it: a text file that is a program, and unpacks itself where it stands.

User-data is 16 KiB at most, and the best that Python's library unpacks (bz2) needs 3 KiB more than the model below:
context mixing, as in the PAQ compressors. Each bit is predicted from what followed the same 0, 1, 2, 3, 4, 6 and 9 bytes
before it, the same two before the last one, the same word, and the same byte inside the same bracket or quote; a small
network learns while it goes whom to trust. Whole numbers alone (and the four basic operations on floats, which are exact
everywhere) make it the same on every machine.
It takes some seconds, once in the life of a host.
"""
import base64
import zlib

# `d` has the data, `o` what has been unpacked behind nine zeros. NEXT sets y, the next bit, whose probability of being 1
# is p / 65536: m divides the range l to h accordingly.
_MODEL = """\
def f():
 s=[]
 for t in range(-2047,2048):
  e=1-t/2**20
  for i in range(12):e*=e
  s.append(int(65536/(1+e)))
 q=[bisect(s,p*16+8)-2048 for p in range(4096)]
 P=array('H',[32768])*2**24
 N=bytearray(2**24)
 W=[[3500]*10]*779
 w=l=h=x=0
 b=[0]
 M=2**32-1
 while len(o)<SIZE:
  H=[int.from_bytes(o[len(o)-n:],'big')%M*16+n for n in(0,1,2,3,4,6,9)]+[(o[-3]*256+o[-2])*16+10,(w*256+o[-1])*16+11,(b[-1]*256+o[-1])*16+12]
  c=1
  while c<256:
   I=[(a*512+c)*0xD1B54A32D192ED03>>40&0xffffff for a in H]
   X=[q[P[i]>>4]for i in I]
   K=c,256+o[-1],512+o[-2],768+X.count(0)
   p=s[max(0,min(4094,(sum(sum(map(mul,W[k],X))for k in K)>>16)+2047))]
   while l>>24==h>>24:SHIFT;l=l<<8&M;h=h<<8&M|255
   m=l+((h-l)*p>>16);y=NEXT
   if y:h=m
   else:l=m+1
   e=(y*65536-p)*5>>4
   for k in K:W[k]=[a+(b*e+32768>>16)for a,b in zip(W[k],X)]
   for i in I:
    n=N[i];P[i]+=(y*65535-P[i])*10//(n*10+11)
    if n<6:N[i]+=1
   c+=c+y
  c-=256;o.append(c)
  if c in b'([{'or c in b'\\'"'and c!=b[-1]:b.append(c)
  elif c in b')]}\\'"'and b[1:]:b.pop()
  if c==10:b=[0]
  w=(w*271+c)%M*chr(c).isidentifier()
"""
# At its first run it puts the zipapp in its own place and goes on as that.
_UNPACK = """\
import os,sys,zipfile
from array import array
from bisect import bisect
from operator import mul
d=iter(d[SKIP:]+bytes(4))
o=bytearray(9)
MODEL\
f()
o=o[9:]
assert zlib.crc32(o)==CRC
p=sys.argv[0]
n=p+'.new'
open(n,'w').write('#!/usr/bin/python3\\n')
with zipfile.ZipFile(n,'a')as a:
 for m in o.decode().split('\\0'):k,v=m.split('\\n',1);a.writestr(zipfile.ZipInfo(k),v)
os.chmod(n,493)
os.rename(n,p)
os.sync()
os.execv(sys.executable,[sys.executable,p,*sys.argv[1:]])
"""
# Nearly all of it is base64: gzip writes that at six bits a character where little else stands beside it.
_PROGRAM = """#!/usr/bin/python3
import base64,zlib
d=base64.b64decode('DATA')
exec(zlib.decompress(d[:SKIP]))
"""


def _model(size, shift, following):
    return _MODEL.replace("SIZE", str(size + 9)).replace("SHIFT", shift).replace("NEXT", following)


def _compress(data):
    scope = {"d": bytes(9) + data, "o": bytearray(9), "r": []}
    program = _model(len(data), "r.append(l>>24)", "d[len(o)]>>8-c.bit_length()&1")
    exec(f"from array import array\nfrom bisect import bisect\nfrom operator import mul\n{program} r.append((l>>24)+1)\nf()\n", scope)
    return bytes(scope["r"][4:])


def squeezed(files):
    """{name in the zipapp: text} as such a program."""
    data = "\0".join(f"{name}\n{text}" for name, text in sorted(files.items())).encode()
    unpack = _UNPACK.replace("MODEL", _model(len(data), "x=x<<8&M|next(d)", "x<=m")).replace("CRC", str(zlib.crc32(data)))
    # Its own length stands in it.
    skip = next(size for size in range(100, 10_000)
                if len(zlib.compress(unpack.replace("SKIP", str(size)).encode(), 9)) == size)
    packed = zlib.compress(unpack.replace("SKIP", str(skip)).encode(), 9) + _compress(data)
    return _PROGRAM.replace("SKIP", str(skip)).replace("DATA", base64.b64encode(packed).decode())
