"""The words that mail programs put between an answer and what it answers, by language: data, nothing else.

From the programs' published translations: Gmail, Outlook, Apple Mail, Thunderbird, Yahoo, K-9, Lotus Notes.
"""

from __future__ import annotations

from collections.abc import Mapping


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split("|"))


# The word that says it in "… wrote:", without its auxiliaries
WROTE = _words(
    "wrote|writes|written|schrieb|schreibt|geschrieben|écrit|ecrit|écrivait|escribió|escribio|escribía|escreveu|"
    "scritto|scrisse|scriveva|schreef|geschreven|skrev|skreiv|kirjoitti|napisał|napisała|pisze|pisał|napisana|"
    "napsal|napsala|píše|napísal|napísala|написа|написал|написала|писал|писала|пишет|пише|написав|írta|yazdı|yazmış|"
    "scris|έγραψε|έγραψαν|napisao|napisal|napisala|kirjutas|rašė|rakstīja|viết|menulis|escriure|כתב|כתבה|كتب|نوشت"
)
# Where words are not divided by blanks
WROTE_CJK = _words("書きました|のメール|写道|寫道|写信|작성|썼습니다|さんからのメール|เขียนว่า")

# What stands before the date
OPENINGS = _words(
    "on|at|am|le|el|il giorno|in data|il|em|no dia|op|den|på|dnia|w dniu|wiadomość napisana|dne|dňa|na|в|на|від|pe|"
    "în|in data de|la|στις|την|dana|u|v|kuupäeval|在|vào|pada"
)
# Who speaks of their own earlier words introduces no quotation
OURSELVES = _words("i|we|you|ich|wir|sie|ik|jag|jeg|je|nous|vous|io|yo|eu|ja|я|мы|вы|аз|ние|minä")

# What stands between lines of dashes
DIVIDERS = _words(
    "original message|original-nachricht|originalnachricht|original nachricht|ursprüngliche nachricht|original mail|"
    "original email|original e-mail|original appointment|message d'origine|message d’origine|message original|"
    "mensaje original|correo original|messaggio originale|mensagem original|oorspronkelijk bericht|"
    "oorspronkelijke bericht|ursprungligt meddelande|originalmeddelande|ursprungsmeddelande|original meddelelse|"
    "oprindelig meddelelse|opprinnelig melding|alkuperäinen viesti|wiadomość oryginalna|oryginalna wiadomość|"
    "pierwotna wiadomość|wiadomość pierwotna|původní zpráva|původní e-mail|pôvodná správa|исходное сообщение|"
    "оригинальное сообщение|первоначальное сообщение|исходное письмо|оригинално съобщение|първоначално съобщение|"
    "оригінальне повідомлення|вихідне повідомлення|початкове повідомлення|mesajul original|mesaj original|"
    "mesaj inițial|eredeti üzenet|eredeti levél|orijinal mesaj|özgün ileti|orijinal ileti|αρχικό μήνυμα|"
    "izvorna poruka|originalna poruka|izvirno sporočilo|original|元のメッセージ|原始邮件|原始郵件|邮件原件|原信件|"
    "원본 메시지|원본 메일|reply message|antwort nachricht|reply above this line"
)
# What is passed on
FORWARDS = _words(
    "forwarded message|begin forwarded message|forwarded by|forwarded email|weitergeleitete nachricht|"
    "anfang der weitergeleiteten nachricht|message transféré|début du message réexpédié|début du message transféré|"
    "mensaje reenviado|inicio del mensaje reenviado|messaggio inoltrato|inizio messaggio inoltrato|"
    "mensagem encaminhada|início da mensagem encaminhada|mensagem reencaminhada|doorgestuurd bericht|"
    "begin doorgestuurd bericht|vidarebefordrat meddelande|vidarebefordrat brev|videresendt meddelelse|"
    "videresendt besked|start på videresendt besked|videresendt melding|välitetty viesti|"
    "wiadomość przekazana dalej|przekazana wiadomość|początek przekazywanej wiadomości|treść przekazanej wiadomości|"
    "přeposlaná zpráva|začátek přeposílané zprávy|preposlaná správa|пересылаемое сообщение|пересланное сообщение|"
    "начало переадресованного сообщения|препратено съобщение|пересланий лист|переслане повідомлення|"
    "mesaj redirecționat|mesaj redirectionat|továbbított üzenet|továbbított levél|iletilen mesaj|yönlendirilen ileti|"
    "προωθημένο μήνυμα|proslijeđena poruka|転送されたメッセージ|転送メッセージ|转发的邮件|轉寄郵件|已转发邮件|"
    "전달된 메시지|전달된 메일"
)

# Names of header fields as programs write them into the text, lower case
FIELDS: Mapping[str, tuple[str, ...]] = {
    "from": _words(
        "from|von|de|da|van|från|fra|lähettäjä|od|від|от|отправитель|подател|expeditor|de la|feladó|kimden|gönderen|"
        "από|šalje|saatja|nuo|差出人|送信者|发件人|寄件者|寄件人|보낸 사람|보낸사람|발신"
    ),
    "sent": _words(
        "sent|date|gesendet|datum|gesendet am|envoyé|envoyé le|enviado|enviado el|enviado em|enviada|enviada em|fecha|"
        "inviato|data|data invio|verzonden|skickat|sendt|dato|lähetetty|päivämäärä|päiväys|wysłano|wysłane|odesláno|"
        "odoslané|dátum|надіслано|отправлено|дата|изпратено|trimis|elküldve|küldve|gönderildi|gönderme tarihi|tarih|"
        "στάλθηκε|εστάλη|ημερομηνία|poslano|送信日時|送信日|日付|日時|发送时间|发送日期|傳送時間|寄件日期|日期|时间|"
        "보낸 날짜|날짜|보낸 시간"
    ),
    "to": _words(
        "to|an|à|a|para|aan|till|til|vastaanottaja|do|komu|pro|кому|до|към|către|catre|címzett|kime|alıcı|προς|za|"
        "宛先|收件人|收件者|받는 사람|받는사람|수신|destinataire|destinatario|destinatário"
    ),
    "copy": _words(
        "cc|bcc|kopie|kopia|kopi|kopio|dw|udw|копия|копія|másolatot kap|másolat|bilgi|κοιν|抄送|副本|참조|ccn|cci"
    ),
    "subject": _words(
        "subject|betreff|objet|sujet|asunto|oggetto|assunto|onderwerp|ämne|emne|aihe|temat|předmět|predmet|тема|"
        "относно|subiect|tárgy|konu|θέμα|件名|主题|主旨|主題|제목"
    ),
    "more": _words(
        "reply-to|reply to|antwort an|répondre à|responder a|rispondi a|odpowiedz do|importance|priority|wichtigkeit|"
        "priorität|attachments|anlagen|bijlagen|posted at|organization|message-id"
    ),
}

# Lines of programs on telephones and tablets; expressions, matched at the beginning of a line
DEVICES = (
    r"sent (?:from|via|with|using) (?:my |the |a |an |mobile|yahoo|outlook|mail|proton|gmail|aol|samsung|blackberry|"
    r"windows|android|iphone|ipad|nine|airmail|spark|canary|fastmail|tutanota|hey|superhuman|mailbird|ios|"
    r"myMail|email\.|type|boxer|cloudmagic|newton|missive|front|zoho|k-9|thunderbird|telegram)",
    r"get (?:outlook|gmail|bluemail) for ",
    r"(?:diese nachricht wurde )?von meinem .{1,40} gesendet",
    r"gesendet (?:von|mit|über) (?:meinem|meiner|mail|outlook|der|yahoo|android)",
    r"envoyé (?:de|depuis|à partir de) (?:mon|ma|mail|outlook|yahoo|l'application)",
    r"envoyé avec ",
    r"(?:enviado|enviada) (?:desde|do|da|a partir|mediante|pelo|pela|via) (?:mi|meu|minha|el|mail|correo|outlook|"
    r"o|a|yahoo|de)\b",
    r"inviat[oa] d(?:a|al|all'|alla) ?(?:mi|iphone|ipad|smartphone|outlook|mail|posta|yahoo|tiscali|libero|"
    r"dispositivo)",
    r"verzonden (?:vanaf|met|van|via) (?:mijn|mail|outlook|een|samsung|yahoo)",
    r"verstuurd vanaf ",
    r"wysłan[eoay] z (?:mojego|iphone|ipad|telefonu|urządzenia|programu|aplikacji|poczty|smartfon|outlook|systemu|"
    r"konta)",
    r"pobierz (?:aplikację )?outlook",
    r"skickat från |skickat med |sendt fra |sendt med |lähetetty .{1,40}(?:sta|stä|lta|ltä)\b|skickades från ",
    r"отправлено (?:с|из|от) (?:iphone|ipad|моего|мобильн|почты|outlook|приложени|устройств|samsung|android|яндекс)",
    r"надіслано (?:з|із) |изпратено от (?:моя|мо[яй]|iphone|ipad|мобил|android|outlook|пощ)|"
    r"изпратено с |odesláno (?:z|ze) |odoslané (?:z|zo) ",
    r"trimis de pe |elküldve .{1,40}(?:ról|ről|ből|ból)\b|.{1,30}(?:'?ımdan|'?imden|'?den|'?dan) gönderildi|"
    r"αποστολή από |στάλθηκε από ",
    r"iphoneから送信|.{0,20}から送信|从我的.{1,20}发送|发自我的|發自我的|從我的.{1,20}傳送|나의 .{1,20}에서 보냄",
    r"från min |fra min |poslano s ",
)
