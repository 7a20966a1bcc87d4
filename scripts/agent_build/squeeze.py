"""The installed edition as cloud-init brings it: a text file that is a program, and unpacks itself where it stands."""
import base64
import bz2

# At its first run it puts the zipapp in its own place and goes on as that.
_PROGRAM = """#!/usr/bin/python3
import base64,bz2,os,sys,zipfile as z
p=os.path.realpath(sys.argv[0]);n=p+'.new'
with open(n,'wb')as f:
 f.write(b'#!/usr/bin/python3\\n')
 with z.ZipFile(f,'a')as a:
  for m in bz2.decompress(base64.b64decode('%s')).decode().split('\\0'):
   i=z.ZipInfo(m.split('\\n')[0]);i.create_system=3;i.external_attr=0o644<<16;a.writestr(i,m[len(i.filename)+1:])
os.chmod(n,0o755);os.rename(n,p);os.sync();os.execv(sys.executable,[sys.executable,p,*sys.argv[1:]])
"""


def squeezed(files):
    """{name in the zipapp: text} as such a program."""
    stream = "\0".join(f"{name}\n{text}" for name, text in sorted(files.items()))
    return _PROGRAM % base64.b64encode(bz2.compress(stream.encode())).decode()
