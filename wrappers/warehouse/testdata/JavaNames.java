// Writes java_names.json: what the Java standard library answers for the steps of
// which the connectors' naming rules are made.
// Run: java JavaNames.java > java_names.json
// With an argument, it lists the characters whose upper case is more than one
// character (uppercase.go).
import java.text.Normalizer;
import java.util.*;
public class JavaNames {
  static String alnum(String s){ return Normalizer.normalize(s, Normalizer.Form.NFKD).replaceAll("\\p{M}","").replaceAll("\\s+","_").replaceAll("[^\\p{Alnum}_]","_"); }
  static String digit(String t){ return (!t.isEmpty() && Character.isDigit(t.charAt(0))) ? "_"+t : t; }
  static String takeLast(String s,int n){ return s.length()<=n?s:s.substring(s.length()-n); }
  static String pg3(String s){ String t=digit(alnum(s)); if(t.length()>63) t=t.substring(0,54)+"_"+takeLast(Integer.toString(t.hashCode()),8); return t; }
  static String pg2(String s){ String t=alnum(s); return t.length()>=60? t.substring(0,Math.min(t.length(),52))+Integer.toString(Math.abs(t.hashCode()),36):t; }
  static String red(String s){ String t=digit(alnum(s).toLowerCase(Locale.ROOT)); if(t.length()>127) t=t.substring(0,118)+"_"+takeLast(Integer.toUnsignedString(t.hashCode(),16),8); return t; }
  static String dbx(String s){ String t=digit(alnum(s)); if(t.length()>255) t=t.substring(0,246)+"_"+takeLast(Integer.toString(t.hashCode()),8); return t; }
  static String q(String s){ StringBuilder b=new StringBuilder("\""); for(char c: s.toCharArray()){ if(c<32||c>126||c=='"'||c=='\\') b.append(String.format("\\u%04x",(int)c)); else b.append(c);} return b.append('"').toString(); }
  public static void main(String[] a){
    if(a.length>0){ // special upper table
      for(int cp=0;cp<0x110000;cp++){ if(cp>=0xd800&&cp<0xe000) continue; String u=new String(Character.toChars(cp)).toUpperCase(Locale.ROOT); if(u.codePointCount(0,u.length())>1){ StringBuilder b=new StringBuilder(); u.codePoints().forEach(c->b.append(String.format("\\u%04X",c))); System.out.printf("\t0x%04X: \"%s\",%n",cp,b);} }
      return; }
    List<String> in=new ArrayList<>(List.of("users","Users","my users","my \t\n users","a-b.c/d","99problems","_private","\u00c5ngstr\u00f6m caf\u00e9","\ufb01eld","\u2126 ohm","\u00a0nbsp","\u2003em\u2003\u2003space","\u212a","\u0130stanbul","stra\u00dfe","\ud83d\ude00face","\u65e5\u672c\u8a9e","x\u00b2","\u0661\u0662","a\u200bb","a\u0301b","-","a\"b","${x}","e\u0301\u0323"));
    for(int n: new int[]{59,60,61,62,63,64,65,126,127,128,129,254,255,256,257,300}){ StringBuilder b=new StringBuilder(); for(int i=0;b.length()<n;i++) b.append("abcXYZ_0987".charAt((i*7+n)%11)); in.add(b.toString()); in.add("Table Name "+b+" \u00e9"); in.add("9"+b); }
    for(int i=0;i<40;i++){ Random r=new Random(i); StringBuilder b=new StringBuilder(); int len=60+r.nextInt(240); while(b.length()<len) b.append((char)('a'+r.nextInt(26))); in.add(b.toString()); }
    System.out.println("[");
    for(int i=0;i<in.size();i++){ String s=in.get(i); System.out.printf("{\"in\":%s,\"hash\":%d,\"alnum\":%s,\"postgres3\":%s,\"postgres2\":%s,\"redshift\":%s,\"databricks\":%s,\"upper\":%s}%s%n",q(s),s.hashCode(),q(alnum(s)),q(pg3(s)),q(pg2(s)),q(red(s)),q(dbx(s)),q(s.toUpperCase(Locale.ROOT)), i+1<in.size()?",":""); }
    System.out.println("]");
  }
}
