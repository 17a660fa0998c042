use kernel::Secret;

use super::{outbound, url};
use crate::{SmsSender, Text};

fn text() -> Text {
    Text {
        api_base: url("http://169.254.169.254"),
        account_sid: "AC0123456789".to_owned(),
        api_key_sid: None,
        auth: Secret::new("hunter2"),
        sender: SmsSender::From("+15005550006".to_owned()),
        to: "+491701234567".to_owned(),
        body: "DOWN".to_owned(),
    }
}

#[tokio::test]
async fn what_is_no_number_or_no_sid_never_leaves() {
    let sms = outbound().sms;
    for to in ["", "491701234567", "+49 170", "+49170x", "+1", "+4917012345678901234", "+49170\r\n1234567"] {
        let failure = sms.send(&Text { to: to.to_owned(), ..text() }).await.unwrap_err();
        assert!(failure.permanent && failure.message.contains("international"), "{to:?}: {failure}");
    }
    for sid in ["", "../../admin", "AC 1", "AC/Messages"] {
        let failure = sms.send(&Text { account_sid: sid.to_owned(), ..text() }).await.unwrap_err();
        assert!(failure.permanent && failure.message.contains("SID"), "{sid:?}: {failure}");
    }
}

#[test]
fn a_text_prints_neither_number_nor_words() {
    let printed = format!("{:?}", text());
    assert_eq!(printed, "Text by AC0123456789 (4 characters)");
}
